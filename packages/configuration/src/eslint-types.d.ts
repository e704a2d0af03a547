/**
 * toml-eslint-parser's declarations name two types of eslint, which we neither use nor
 * install. This stands in for them.
 */
declare module 'eslint' {
  export namespace SourceCode {
    type VisitorKeys = Readonly<Record<string, readonly string[]>>;
  }
}
