// A service traced by opentracing-go and go-stdlib's nethttp: with the basic tracer (ottrace) or with jaeger-client-go (jaeger).
package main

import (
	"encoding/json"
	"net/http"
	"os"

	"github.com/opentracing-contrib/go-stdlib/nethttp"
	"github.com/opentracing/opentracing-go"

	"interop/hop"
)

// peer is a tracer, and how to read its spans once they are finished.
type peer struct {
	name   string
	module string
	tracer opentracing.Tracer
	facts  func(opentracing.Span) hop.Span
	spanID func(opentracing.Span) string
}

func main() {
	peers := map[string]func() peer{"ottrace": basicPeer, "jaeger": jaegerPeer}
	p := peers[os.Getenv("FORMAT")]()
	hop.Serve(
		http.HandlerFunc(p.serve),
		"github.com/opentracing/opentracing-go", "github.com/opentracing-contrib/go-stdlib", p.module,
	)
}

func (p peer) serve(w http.ResponseWriter, r *http.Request) {
	answer := hop.Answer{Peer: p.name}
	var span opentracing.Span
	var err error
	traced := nethttp.MiddlewareFunc(p.tracer, func(_ http.ResponseWriter, r *http.Request) {
		span = opentracing.SpanFromContext(r.Context())
		if item := r.FormValue("item"); item != "" {
			span.SetBaggageItem("item", item)
		}
		if next := r.FormValue("next"); next != "" {
			answer.Client, answer.Next, err = p.call(r, next)
		}
	})
	traced(w, r)
	// The basic tracer tells a span's parent only to those who record it at its end.
	answer.Span = p.facts(span)
	hop.Write(w, answer, err)
}

func (p peer) call(r *http.Request, next string) (*hop.Client, json.RawMessage, error) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, next, nil)
	if err != nil {
		return nil, nil, err
	}
	called := &hop.Client{}
	observer := func(span opentracing.Span, _ *http.Request) { called.SpanID = p.spanID(span) }
	request, trace := nethttp.TraceRequest(p.tracer, request, nethttp.ClientSpanObserver(observer))
	defer trace.Finish()
	body, err := hop.Fetch(&http.Client{Transport: &nethttp.Transport{}}, request)
	return called, body, err
}
