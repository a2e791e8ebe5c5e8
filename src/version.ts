// The version of this package, which travels with exported spans.

/** As in package.json; a test keeps them equal. */
export const VERSION = "0.1.0";
