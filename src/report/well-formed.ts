// Text that is valid Unicode, as all exporters' formats want it.

/** The text with lone surrogates replaced by U+FFFD. */
export function wellFormed(text: string): string {
  // In every supported Node, but not yet in the library of types that we compile with.
  return (text as string & { toWellFormed(): string }).toWellFormed();
}
