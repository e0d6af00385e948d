/** Loaded before a server (`node --expose-gc --import`): at SIGUSR2 it collects, and says what its heap keeps. */
process.on("SIGUSR2", () => {
  globalThis.gc?.();
  console.log(`live ${process.memoryUsage().heapUsed}`);
});
