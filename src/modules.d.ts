/** Imports that wrangler's bundler can load. */
declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}

declare module '*.sql' {
  const text: string
  export default text
}

/** An import that only vite can load, for tests. */
declare module '*?raw' {
  const text: string
  export default text
}
