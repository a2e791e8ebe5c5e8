// How Express is recognised, 4 and 5, wherever and whenever its applications are made.

import type { Framework } from "../frameworks.ts";
import { setRoute } from "../traced-request.ts";
import { NO_ROUTE } from "./place.ts";
import { followApp, unfollowRouters } from "./router.ts";
import type { Request } from "./way.ts";

/** Follows all applications of each copy of Express that shows itself. */
export const EXPRESS: Framework = {
  start: () => () => {
    if (!isKept) unfollowRouters();
  },
  listener: followApp,
  // An application that is called by a listener of the user's, `createServer((req, res) => app(req, res))`, shows itself to nobody;
  // but it leaves itself on its requests. What the first of them went through is past by then: its method is all it is named by.
  ended(request) {
    if (followApp((request as Request).app)) setRoute(request, NO_ROUTE);
  },
};

/** Keeps on following when the last server is traced no more: a plug-in cannot be taken back. */
export function keepFollowing(): void {
  isKept = true;
}

let isKept = false;
