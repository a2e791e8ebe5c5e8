// A service traced by OpenTelemetry's SDK and its net/http instrumentation, in every header format that it has.
package main

import (
	"encoding/json"
	"net/http"
	"os"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"

	"interop/hop"
)

type service struct{ options []otelhttp.Option }

func main() {
	decide := trace.NeverSample()
	if hop.Sampled() {
		decide = trace.AlwaysSample()
	}
	// A span that is not recorded does not know its parent.
	sampler := trace.AlwaysRecord(trace.ParentBased(decide))
	format := formats[os.Getenv("FORMAT")]
	s := service{[]otelhttp.Option{
		otelhttp.WithTracerProvider(trace.NewTracerProvider(trace.WithSampler(sampler))),
		otelhttp.WithPropagators(format.propagator),
	}}
	hop.Serve(
		otelhttp.NewHandler(http.HandlerFunc(s.serve), "call", s.options...),
		"go.opentelemetry.io/otel/sdk", "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", format.module,
	)
}

func (s service) serve(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	answer := hop.Answer{Peer: "go otelhttp"}
	var err error
	if item := r.FormValue("item"); item != "" {
		member, _ := baggage.NewMemberRaw("item", item)
		bag, _ := baggage.FromContext(ctx).SetMember(member)
		ctx = baggage.ContextWithBaggage(ctx, bag)
	}
	if next := r.FormValue("next"); next != "" {
		answer.Client, answer.Next, err = s.call(r.WithContext(ctx), next)
	}
	answer.Span = facts(api.SpanFromContext(ctx).(trace.ReadOnlySpan), baggage.FromContext(ctx))
	hop.Write(w, answer, err)
}

func (s service) call(r *http.Request, next string) (*hop.Client, json.RawMessage, error) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, next, nil)
	if err != nil {
		return nil, nil, err
	}
	called := &hop.Client{}
	observer := roundTripper(func(request *http.Request) (*http.Response, error) {
		called.SpanID = api.SpanContextFromContext(request.Context()).SpanID().String()
		return http.DefaultTransport.RoundTrip(request)
	})
	body, err := hop.Fetch(&http.Client{Transport: otelhttp.NewTransport(observer, s.options...)}, request)
	return called, body, err
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func facts(span trace.ReadOnlySpan, bag baggage.Baggage) hop.Span {
	context := span.SpanContext()
	facts := hop.Span{
		TraceID: context.TraceID().String(),
		SpanID:  context.SpanID().String(),
		Sampled: context.IsSampled(),
		Baggage: map[string]string{},
	}
	if span.Parent().IsValid() {
		facts.ParentID = span.Parent().SpanID().String()
	}
	for _, member := range bag.Members() {
		facts.Baggage[member.Key()] = member.Value()
	}
	return facts
}
