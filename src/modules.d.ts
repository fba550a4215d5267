/** Imports that wrangler's bundler knows how to load. */
declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}

declare module '*.sql' {
  const text: string
  export default text
}

/** What vite knows besides, for tests. */
declare module '*?raw' {
  const text: string
  export default text
}
