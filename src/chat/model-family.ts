/** Which member of the family a file is, as far as prompts and defaults depend on it. */

export interface ModelIdentity {
  /** general.architecture */
  readonly architecture: string;
  /** general.name */
  readonly name: string | undefined;
  readonly tokenizer: { id(text: string): number | undefined };
}

export interface ModelFamily {
  readonly generation: "lfm2" | "lfm2.5";
  readonly mixture: boolean; // of experts
  readonly largeVocabulary: boolean; // 128 000 tokens
  readonly name: string; // lower-case-with-dashes, "" if the file has none
}

/** Names are free text ("LFM2.5 8B A1B", "LFM2.5-1.2B-Thinking"); the vocabulary decides where they say nothing. */
export function modelFamily({ architecture, name = "", tokenizer }: ModelIdentity): ModelFamily {
  const dashed = name
    .toLowerCase()
    .trim()
    .replace(/[\s_]+/g, "-");
  // Both vocabularies have tool-list tokens, only the one of 65 536 has tool-response tokens.
  const largeVocabulary = tokenizer.id("<|tool_list_start|>") !== undefined && tokenizer.id("<|tool_response_start|>") === undefined;
  return {
    generation: largeVocabulary || dashed.includes("lfm2.5") ? "lfm2.5" : "lfm2",
    mixture: architecture === "lfm2moe",
    largeVocabulary,
    name: dashed,
  };
}
