// What `flush` and `finish` reject with where the connection closed before all was sent.

/** The connection closed before the response was sent. Only who awaits `flush` or `finish` learns of it. */
export class StreamClosedError extends Error {
  constructor() {
    super("the connection closed before the response was sent");
    this.name = "StreamClosedError";
  }
}
