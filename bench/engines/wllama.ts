/** wllama (llama.cpp compiled to WebAssembly) in a headless Chromium, its path the argument before the setup. */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { serve, type Run } from "./serve.ts";

/** As much as is used here of what is installed in bench/ only. */
interface Browser {
  version(): string;
  newPage(): Promise<Page>;
}
interface Page {
  goto(url: string): Promise<unknown>;
  evaluate<T>(script: string): Promise<T>;
  setDefaultTimeout(ms: number): void;
}
/** llama.cpp's own count of a completion. */
interface Timings {
  readonly prompt_n: number;
  readonly prompt_ms: number;
  readonly predicted_n: number;
  readonly predicted_ms: number;
}

const peer = "playwright-core";
const { chromium } = (await import(peer)) as { chromium: { launch(options: object): Promise<Browser> } };
const library = fileURLToPath(new URL("../node_modules/@wllama/wllama/esm", import.meta.url));
const page = `<!doctype html><script type="module">
  import { Wllama } from "/index.js";
  window.wllama = new Wllama({ default: "/wasm/wllama.wasm" }, { suppressNativeLog: true });
  window.version = Wllama.getLibllamaVersion();
</script>`;

const noPeak = (): null => null; // it is another process that holds the model

await serve(async ({ file, threads, contextLength }) => {
  const types: Readonly<Record<string, string>> = { js: "text/javascript", wasm: "application/wasm", gguf: "application/octet-stream" };
  const server = createServer(({ url = "/" }, response) => {
    // These let the page have shared memory, and with it threads.
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin").setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    const path = url === "/model.gguf" ? file : `${library}${url}`;
    if (url === "/") response.setHeader("Content-Type", "text/html").end(page);
    else if (url.includes("..") || !existsSync(path)) response.writeHead(404).end();
    else {
      response.setHeader("Content-Type", types[path.split(".").at(-1) ?? ""] ?? "text/plain");
      response.setHeader("Content-Length", statSync(path).size);
      createReadStream(path).pipe(response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({ executablePath: process.argv[2], args: ["--no-sandbox"] });
  const tab = await browser.newPage();
  tab.setDefaultTimeout(0);
  await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const options = JSON.stringify({ n_threads: threads, n_ctx: contextLength, n_gpu_layers: 0 });
  const loadMs = await tab.evaluate<number>(`(async () => {
    while (!window.wllama) await new Promise((resolve) => setTimeout(resolve, 10));
    const file = await (await fetch("/model.gguf")).blob();
    const start = performance.now();
    await window.wllama.loadModel([file], ${options});
    return performance.now() - start;
  })()`);
  const version = await tab.evaluate<string>("window.version");
  let count = 0;
  return {
    loaded: { version, instructions: `WebAssembly; Chromium ${browser.version()}`, loadMs },
    /** It takes text only; another one each time, so that nothing of an earlier prompt is reused. The last piece comes at once with the end. */
    async run({ promptTokens, steps }: Run) {
      const prompt = String.fromCharCode(65 + (count++ % 26)) + "-".repeat(Math.max(0, promptTokens - 2));
      const request = JSON.stringify({ prompt, max_tokens: steps + 2, temperature: 0, ignore_eos: true, cache_prompt: false });
      const { times, timings } = await tab.evaluate<{ times: number[]; timings: Timings }>(`(async () => {
        const times = [];
        let timings;
        for await (const chunk of await window.wllama.createCompletion({ ...${request}, stream: true })) {
          if (chunk.choices[0]?.finish_reason == null) times.push(performance.now());
          timings = chunk.timings ?? timings;
        }
        return { times, timings };
      })()`);
      const { prompt_n, prompt_ms, predicted_n, predicted_ms } = timings;
      const mean = Array<number>(steps).fill(predicted_ms / Math.max(1, predicted_n - 1)); // where a token printed nothing
      const stepMs = times.length === steps + 2 ? times.slice(1, -1).map((time, i) => time - times[i]!) : mean;
      return { promptTokens: prompt_n, firstMs: prompt_ms, stepMs };
    },
  };
}, noPeak);
