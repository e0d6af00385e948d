/** Sets zod up for whoever checks by it: messages in English, and no `new Function`, which workerd refuses; interpreting is fast enough. */
import * as z from "zod/mini";
import en from "zod/v4/locales/en.js";

z.config({ ...en(), jitless: true });
