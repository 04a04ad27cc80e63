// What the examples of this package find in scope.
export * from "pollux";
export * from "../../src/index.ts";
