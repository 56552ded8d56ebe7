// Nothing: what Deno itself takes to start.
export {};
