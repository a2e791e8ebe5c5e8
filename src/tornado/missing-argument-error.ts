// What `getArgument` throws for an argument that the request lacks: a 400.

import { HTTPError } from "./http-error.ts";

/** Thrown by `getArgument` and its like where there is neither the argument nor a default. */
export class MissingArgumentError extends HTTPError {
  readonly argName: string;

  constructor(argName: string) {
    super(400, `Missing argument ${argName}`);
    this.name = "MissingArgumentError";
    this.argName = argName;
  }
}
