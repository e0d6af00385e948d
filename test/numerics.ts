/** The kernels that samplers call, for vocabularies up to 128 000. */
import { readFileSync } from "node:fs";
import { createNumerics, numericsRoom } from "../src/engine/numerics.ts";
import { BankPlan, openBanks } from "../src/wasm/bank.ts";

const plan = new BankPlan();
const { offset } = plan.allocate(4 * numericsRoom(128_000));
const module = new WebAssembly.Module(readFileSync(new URL("../build/relaxed.wasm", import.meta.url)));

export const numerics = createNumerics(openBanks(module, plan.createMemories())[0]!, offset);
