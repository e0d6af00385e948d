/** Lets timers, sockets and aborts have their turn: the quickest macrotask that the runtime has. */
export const macrotask: () => Promise<void> =
  typeof setImmediate === "function"
    ? () => new Promise((resolve) => setImmediate(resolve))
    : () => new Promise((resolve) => setTimeout(resolve, 0));
