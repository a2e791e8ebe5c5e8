// The environment of a run: what configures tracers where it is started is not to change what it finds.

/** What would make a tracer, ours or a peer's, behave unlike its defaults, or tell it about the process that started it. */
const LEFT_OUT = /^((OTEL|DD|JAEGER|OPENTRACING)_|NODE_OPTIONS$)/;

/** Takes these variables out of this process's environment, which is that of all processes that it starts. */
export function neutralizeEnvironment(): void {
  for (const name of Object.keys(process.env)) if (LEFT_OUT.test(name)) delete process.env[name];
}
