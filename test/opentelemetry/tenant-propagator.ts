// A propagator as applications write their own: a value under a key of its own in OpenTelemetry's context.

import type { TextMapPropagator } from "@opentelemetry/api";

export const TENANT: symbol = Symbol("tenant");

export const TENANT_PROPAGATOR: TextMapPropagator = {
  inject(context, carrier, setter) {
    const tenant = context.getValue(TENANT);
    if (tenant !== undefined) setter.set(carrier, "x-tenant", String(tenant));
  },
  extract: (context, carrier, getter) => context.setValue(TENANT, getter.get(carrier, "x-tenant")),
  fields: () => ["x-tenant"],
};
