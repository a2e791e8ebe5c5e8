// How Express is recognised, 4 and 5, wherever and whenever its applications are made.

import { ServerResponse } from "node:http";
import { NO_ROUTE } from "./express-place.ts";
import { followApp, unfollowRouters } from "./express-router.ts";
import { type Request, wayOf } from "./express-way.ts";
import type { Framework } from "./frameworks.ts";
import { setRoute } from "./traced-request.ts";

/** Follows all applications of each copy of Express that shows itself. */
export const EXPRESS: Framework = {
  start: () => () => {
    removeTrap();
    if (!isKept) unfollowRouters();
  },
  listener(listener) {
    if (!followApp(listener)) setTrap();
  },
  ended(request) {
    if (followApp((request as Request).app)) setRoute(request, NO_ROUTE);
  },
};

/** Keeps on following when the last server is traced no more: a plug-in cannot be taken back. */
export function keepFollowing(): void {
  isKept = true;
}

let isKept = false;

/**
 * An application that is called by a listener of the user's, `createServer((req, res) => app(req, res))`, shows itself to nobody.
 * But each gives its response `locals`, before it does anything else with it: the first that does is asked for its application.
 */
function setTrap(): void {
  if (isTrapSet || "locals" in ServerResponse.prototype) return;
  isTrapSet = true;
  Object.defineProperty(ServerResponse.prototype, "locals", {
    configurable: true,
    get: () => undefined,
    set(this: ServerResponse<Request> & { app?: unknown }, value) {
      // What the assignment would have done.
      Object.defineProperty(this, "locals", { value, writable: true, enumerable: true, configurable: true });
      if (!followApp(this.app)) return;
      removeTrap();
      // Express 4's router has it already.
      if (this.req !== undefined) wayOf(this.req, this);
    },
  });
}

let isTrapSet = false;

function removeTrap(): void {
  if (!isTrapSet) return;
  isTrapSet = false;
  delete (ServerResponse.prototype as { locals?: unknown }).locals;
}
