// One case of the server contract: a fresh application, and what a case needs at hand.

import type { Tracer as OpenTracingTracer } from "opentracing";
import type { HttpOptions } from "../http/http-tracing.ts";
import { MemoryReporter } from "../report/memory-reporter.ts";
import { Tracer } from "../tracer/tracer.ts";
import type { ContractCase } from "./contract-case.ts";
import type { ContractApp, ContractHost, ContractRoute, ContractSetup } from "./server-contract.ts";

/** An application for one case, with what a case needs at hand. */
export interface Stage {
  readonly app: ContractApp;
  readonly reporter: MemoryReporter;
  readonly secure: boolean;
  /** The operation name of a request. */
  name(method: string, route: ContractRoute): string;
  /** Sets what the handlers call first. */
  probe(probe: ContractSetup["probe"]): void;
}

/** Makes a case: starts the application, runs `act`, closes the application whatever happens. */
export function onStage(
  host: ContractHost,
  name: string,
  setup: { readonly options?: HttpOptions; readonly decorate?: readonly string[]; readonly tracer?: OpenTracingTracer },
  act: (stage: Stage) => Promise<void>,
): ContractCase {
  return {
    name,
    async run() {
      const reporter = new MemoryReporter();
      let probe: ContractSetup["probe"] = () => {};
      const app = await host.start({
        tracer: setup.tracer ?? new Tracer({ reporter }),
        options: setup.options ?? {},
        decorate: setup.decorate,
        probe: (request, response) => probe(request, response),
      });
      try {
        await act({
          app,
          reporter,
          secure: host.secure ?? false,
          name: host.operationName ?? ((method) => method),
          probe: (next) => {
            probe = next;
          },
        });
      } finally {
        await app.close();
      }
    },
  };
}
