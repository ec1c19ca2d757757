/** The part of the standard that the schema engine is loaded with; Node's own types leave it to the browser's library. */
declare namespace WebAssembly {
  type Exports = Record<string, () => void>;
  type ModuleImports = Record<string, unknown>;
  function instantiate(
    binary: Uint8Array,
    imports: Record<string, ModuleImports>,
  ): Promise<{ instance: { readonly exports: Exports } }>;
}
