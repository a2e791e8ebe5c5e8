// The product as a user has it: `initTracing()` and nothing else, pointed at the sink by the standard variable.

import type { Started } from "./variant.ts";

export async function start(sink: number): Promise<Started> {
  process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = `http://127.0.0.1:${sink}`;
  process.env["OTEL_SERVICE_NAME"] = "bench";
  return await product();
}

/** The product by its environment and these settings. */
export async function product(settings: { reporter?: Reporter } = {}): Promise<Started> {
  const { initTracing } = await import("node-opentracing");
  const tracing = initTracing(settings);
  return {
    child: (name, work) =>
      tracing.startActiveSpan(name, (span) => {
        span.setTag("order.id", 42).setTag("tenant", "acme").setTag("cached", false);
        return work();
      }),
    koa: async () => (await import("node-opentracing/koa")).koaTracing(),
    hono: async () => (await import("node-opentracing/hono")).honoTracing(),
  };
}

type Reporter = NonNullable<NonNullable<Parameters<typeof import("node-opentracing").initTracing>[0]>["reporter"]>;
