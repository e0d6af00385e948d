/** Ids of what is answered: "chatcmpl-" and 32 hexadecimal digits that nobody can guess. */
export const newId = (prefix: string): string => prefix + crypto.randomUUID().replaceAll("-", "");

/** Now, in seconds. */
export const seconds = (): number => Math.floor(Date.now() / 1000);
