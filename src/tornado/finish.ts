// Tornado's Finish: thrown to end a request as it stands, without an error page.

/** Ends the request when it is thrown in a handler. It is no error: nothing is logged, and the span is not marked. */
export class Finish extends Error {
  /** What to write last: text, bytes, or an object to be sent as JSON. */
  readonly chunk: string | Uint8Array | object | undefined;

  constructor(chunk?: string | Uint8Array | object) {
    super("the request is finished");
    this.name = "Finish";
    this.chunk = chunk;
  }
}
