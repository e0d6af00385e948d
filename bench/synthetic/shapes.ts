/** The shapes of the public LFM2 models (their config.json files), and smaller ones cut from them. */

export interface ModelShape {
  readonly name: string;
  readonly nLayers: number;
  readonly attentionLayers: readonly number[];
  readonly hiddenSize: number;
  readonly nHeads: number;
  readonly nKvHeads: number;
  readonly feedForwardSize: number; // of dense layers
  readonly vocabularySize: number;
  readonly ropeTheta: number;
  readonly tokenizer: "lfm2" | "lfm2.5"; // where the special tokens are
  readonly experts?: {
    readonly count: number;
    readonly used: number; // per token
    readonly feedForwardSize: number;
    readonly nDenseLayers: number; // before the first with experts
  };
}

const lfm2 = { nKvHeads: 8, vocabularySize: 65_536, ropeTheta: 1e6, tokenizer: "lfm2" } as const;
const lfm25 = { nKvHeads: 8, vocabularySize: 128_000, tokenizer: "lfm2.5" } as const;
const of16 = { nLayers: 16, attentionLayers: [2, 5, 8, 10, 12, 14] };
const of30 = { nLayers: 30, attentionLayers: [2, 5, 9, 13, 17, 21, 24, 27], hiddenSize: 2048, nHeads: 32, feedForwardSize: 10_752 };
const of8b = {
  nLayers: 24,
  attentionLayers: [2, 6, 10, 14, 18, 21],
  hiddenSize: 2048,
  nHeads: 32,
  feedForwardSize: 7168,
  experts: { count: 32, used: 4, feedForwardSize: 1792, nDenseLayers: 2 },
};

/** By the name that the command line takes. */
export const shapes: ReadonlyMap<string, ModelShape> = new Map(
  [
    {
      name: "LFM2.5-230M",
      ...lfm2,
      nLayers: 14,
      attentionLayers: [2, 4, 6, 8, 10, 12],
      hiddenSize: 1024,
      nHeads: 16,
      feedForwardSize: 2560,
    },
    { name: "LFM2-350M", ...lfm2, ...of16, hiddenSize: 1024, nHeads: 16, feedForwardSize: 4608 },
    { name: "LFM2-700M", ...lfm2, ...of16, hiddenSize: 1536, nHeads: 24, feedForwardSize: 6912 },
    { name: "LFM2-1.2B", ...lfm2, ...of16, hiddenSize: 2048, nHeads: 32, feedForwardSize: 8192 },
    { name: "LFM2-2.6B", ...lfm2, ...of30 },
    { name: "LFM2.5-2.6B", ...lfm25, ...of30, ropeTheta: 1e7 },
    { name: "LFM2-8B-A1B", ...lfm2, ...of8b },
    { name: "LFM2.5-8B-A1B", ...lfm25, ...of8b, ropeTheta: 5e6 },
    {
      name: "LFM2-24B-A2B",
      ...lfm2,
      nLayers: 40,
      attentionLayers: [2, 6, 10, 14, 18, 22, 26, 30, 34, 38], // ten of forty is published, which ten is not
      hiddenSize: 2048,
      nHeads: 32,
      feedForwardSize: 11_776,
      experts: { count: 64, used: 4, feedForwardSize: 1536, nDenseLayers: 2 },
    },
  ].map((shape) => [
    shape.name
      .toLowerCase()
      .replace(/^lfm2-/, "")
      .replace(/^lfm2\.5-/, "2.5-"),
    shape,
  ]),
);

/** The shape cut to its first layers and experts. */
export function reduce(shape: ModelShape, to: { layers?: number; experts?: number }): ModelShape {
  const { nLayers, experts } = shape;
  const layers = Math.min(to.layers ?? nLayers, nLayers);
  const count = Math.min(to.experts ?? experts?.count ?? 0, experts?.count ?? 0);
  const changed = layers !== nLayers || count !== (experts?.count ?? 0);
  return {
    ...shape,
    name: changed ? `${shape.name}-${layers}x${count || 1}` : shape.name,
    nLayers: layers,
    attentionLayers: shape.attentionLayers.filter((i) => i < layers),
    ...(experts && {
      experts: { ...experts, count, used: Math.min(experts.used, count), nDenseLayers: Math.min(experts.nDenseLayers, layers) },
    }),
  };
}
