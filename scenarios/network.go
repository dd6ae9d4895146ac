package scenarios

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const (
	minBlockTime = 6 * time.Second
	maxBlockTime = 600 * time.Second
	maxEndpoints = 64
	maxWeight    = 1_000_000
	maxBudget    = 1_000_000_000_000
	maxKeys      = 100
)

func (d *decoder) network(n *node, network *Network) bool {
	return d.sound(func() {
		d.fields(n,
			field{"local", into(d.local, &network.Local)},
			field{"endpoints", into(d.endpoints, &network.Endpoints)},
			field{"expect", into(d.expect, &network.Expect)},
		)
		if n.get("local") != nil && n.get("endpoints") != nil {
			d.report(n, "has both local and endpoints",
				"local starts a network for the run, endpoints use one that is there: keep one of them")
		}
		if n.get("endpoints") == nil && network.Expect != "" && network.Expect != "LOCAL" && network.Expect != localID {
			d.report(n.get("expect"), show(network.Expect)+" can never be: a network that the run starts is LOCAL",
				"write expect: LOCAL, or give endpoints")
		}
	})
}

func (d *decoder) local(n *node, dst **Local) bool {
	local := defaultLocal()
	*dst = local
	return d.sound(func() {
		d.fields(n,
			field{"nodes", into(d.nodes, &local.Nodes)},
			field{"block_time", into(d.blockTime, &local.BlockTime)},
			field{"db", into(oneOf(d, Map, LDB), &local.DB)},
		)
	})
}

func (d *decoder) nodes(n *node, dst *int) bool {
	var nodes uint64
	if !whole[uint64](d, 0, math.MaxUint64)(n, &nodes) {
		return false
	}
	if nodes != 1 {
		d.report(n, fmt.Sprintf("%d nodes cannot be started yet, only 1", nodes),
			"for more start the network by other means and list its nodes under network.endpoints")
		return false
	}
	*dst = int(nodes)
	return true
}

func (d *decoder) blockTime(n *node, dst *time.Duration) bool {
	var t time.Duration
	switch {
	case !d.duration(n, &t):
		return false
	case t < minBlockTime || t > maxBlockTime:
		d.report(n, fmt.Sprintf("%s is out of range", show(n.text)), "allowed is 6s to 600s; 10s or more for measurements")
		return false
	case t%time.Second != 0:
		d.report(n, fmt.Sprintf("%s is not a whole number of seconds", show(n.text)), "a node's block time is in whole seconds")
		return false
	}
	*dst = t
	return true
}

func (d *decoder) endpoints(n *node, dst *[]Endpoint) bool {
	*dst = []Endpoint{} // endpoints, even where all are wrong
	return d.sound(func() {
		seen := make(map[string]bool)
		for _, item := range d.list(n, 1, maxEndpoints) {
			e := Endpoint{Weight: DefaultEndpointWeight}
			d.fields(item,
				field{"url", into(d.url, &e.URL)},
				field{"weight", into(whole[int](d, 1, maxWeight), &e.Weight)},
				field{"auth", into(d.auth, &e.Auth)},
				field{"ca", into(d.caFile, &e.CA)},
				field{"pin", into(d.pin, &e.Pin)},
			)
			d.require(item, "url", `for example url: "http://127.0.0.1:8088/v2"`)
			if e.URL != "" && seen[e.URL] {
				d.report(item.get("url"), "the same endpoint is here twice", "give it a higher weight instead")
			}
			seen[e.URL] = true
			d.trust(item, e)
			*dst = append(*dst, e)
		}
	})
}

// trust checks what goes together to say whose certificate is trusted.
func (d *decoder) trust(item *node, e Endpoint) {
	for _, key := range []string{"ca", "pin"} {
		if n := item.get(key); n != nil && e.URL != "" && !strings.HasPrefix(e.URL, "https:") {
			d.report(n, "goes with an https URL only", "without TLS there is no certificate to trust")
		}
	}
	if e.CA != "" && e.Pin != "" {
		d.report(item.get("pin"), "excludes ca", "name the authority, or the one certificate")
	}
}

func (d *decoder) caFile(n *node, dst *string) bool {
	return value(d, n, func(text string) (string, *Problem) {
		if !isPath(text) {
			return "", complain("is not a path", "name a file with certificates in PEM form")
		}
		return text, nil
	}, dst)
}

// pin reads the SHA-256 of a certificate, which may have colons as openssl
// prints them.
func (d *decoder) pin(n *node, dst *string) bool {
	return value(d, n, func(text string) (string, *Problem) {
		digits := strings.ToLower(strings.ReplaceAll(text, ":", ""))
		if b, err := hex.DecodeString(digits); err != nil || len(b) != sha256.Size {
			return "", complain("is not the SHA-256 of a certificate", "64 hex digits, as openssl x509 -noout -fingerprint -sha256 prints them")
		}
		return digits, nil
	}, dst)
}

func (d *decoder) url(n *node, dst *string) bool {
	var text string
	if !d.scalar(n, &text) {
		return false
	}
	u, p := parseURL(text)
	if p != nil {
		d.report(n, p.Message, p.Hint)
		return false
	}
	*dst = u
	return true
}

const authHint = "leave them out and say where they are, auth: env:NAME or auth: file:PATH, which holds user:password"

// parseURL checks an endpoint's URL and gives it the path /v2 if it has none.
// No message repeats a URL that may hold a password.
func parseURL(text string) (string, *Problem) {
	const example = "for example http://127.0.0.1:8088/v2"
	u, err := url.Parse(text)
	switch {
	case strings.Contains(text, "@"):
		return "", complain("a URL with a user name or password in it is refused", authHint)
	case err != nil:
		return "", complain(show(text)+" is not a URL", example)
	case u.Scheme != "http" && u.Scheme != "https":
		return "", complain(show(text)+" is not an http or https URL", example)
	case u.Hostname() == "":
		return "", complain(show(text)+" has no host", example)
	case u.Port() != "" && !isPort(u.Port()):
		return "", complain(show(text)+" has a port above 65535", example)
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return "", complain(show(text)+" has more than a path", example)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v2"
	}
	return u.String(), nil
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// The network ids of LOCAL and MAIN, in directory block headers.
const (
	localID = "fa92e5a4"
	mainID  = "fa92e5a2"
)

func (d *decoder) expect(n *node, dst *string) bool {
	var text string
	if !d.scalar(n, &text) {
		return false
	}
	switch upper := strings.ToUpper(text); {
	case upper == "MAIN" || upper == "MAINNET" || strings.EqualFold(text, mainID):
		d.report(n, "MAIN is always refused: load there costs money and harms others", "use LOCAL or a testnet")
		return false
	case (upper == "LOCAL" || upper == "TEST") && text != upper:
		d.report(n, show(text)+" is not a network's name", "write "+upper+" in capitals")
		return false
	case text == "" || len(text) > 64 || strings.ContainsFunc(text, notASCII):
		d.report(n, show(text)+" is not a network's name", "a name has 1 to 64 printable ASCII characters; an id has 8 hex digits")
		return false
	}
	*dst = text
	return true
}

func notASCII(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) }

func (d *decoder) credits(n *node, c *Credits) bool {
	return d.sound(func() {
		d.fields(n,
			field{"key", func(n *node) {
				var key string
				if n.kind == sequence {
					d.report(n, "must be a single value, is "+string(n.kind), "for several keys that pay in turns write keys: [env:A, env:B]")
				} else if d.key(n, &key) {
					c.Keys = []string{key}
				}
			}},
			field{"keys", func(n *node) { d.keys(n, &c.Keys) }},
			field{"budget", into(whole[int64](d, 1, maxBudget), &c.Budget)},
			field{"topup", func(n *node) { d.topUp(n, &c.TopUp) }},
		)
		if keys := n.get("keys"); keys != nil && n.get("key") != nil {
			d.report(keys, "excludes key", "keep one of them: key is the short form of a list of one")
		}
		switch t := c.TopUp; {
		case t == nil:
		case t.Buy > c.Budget:
			d.report(n.get("topup"), fmt.Sprintf("buys %d entry credits at once, and the budget is %d", t.Buy, c.Budget),
				"buy a small part of the budget at a time")
		case t.Below > c.Budget:
			d.report(n.get("topup"), fmt.Sprintf("buys below %d entry credits, and the budget is %d", t.Below, c.Budget),
				"buy when a small part of the budget is left")
		}
	})
}

// keys reads a list of keys, each there once.
func (d *decoder) keys(n *node, dst *[]string) {
	*dst = nil
	if n.kind == sequence && len(n.items) == 0 {
		d.report(n, "must have an item", "name the keys that pay in turns: keys: [env:A, env:B]")
		return
	}
	for _, item := range d.list(n, 1, maxKeys) {
		var key string
		if !d.key(item, &key) {
			continue
		}
		if slices.Contains(*dst, key) {
			d.report(item, show(key)+" is here twice", "name each key once")
			continue
		}
		*dst = append(*dst, key)
	}
}

func (d *decoder) topUp(n *node, dst **TopUp) {
	t := new(TopUp)
	d.fields(n,
		field{"below", into(whole[int64](d, 1, maxBudget), &t.Below)},
		field{"buy", into(whole[int64](d, 1, maxBudget), &t.Buy)},
	)
	d.require(n, "below", "say at which balance to buy: below: 500")
	d.require(n, "buy", "say how many entry credits to buy at a time: buy: 1000")
	*dst = t
}

func (d *decoder) key(n *node, dst *string) bool {
	if n.kind == scalar && n.text == LocalTestKey {
		*dst = n.text
		return true
	}
	return d.reference(n, "the secret key", "use local-test-key (LOCAL networks only), env:NAME or file:PATH", dst)
}

func (d *decoder) auth(n *node, dst *string) bool {
	return d.reference(n, "user:password", "use env:NAME or file:PATH", dst)
}

// reference reads where a secret is. What it finds instead may be the secret
// itself, so that it is never repeated.
func (d *decoder) reference(n *node, what, hint string, dst *string) bool {
	var text string
	if !d.scalar(n, &text) {
		return false
	}
	kind, where, _ := strings.Cut(text, ":")
	switch {
	case secretKey.MatchString(text):
		return false // reported when the file was read
	case kind == "env" && isVariable(where), kind == "file" && isPath(where):
		*dst = text
		return true
	case kind == "env":
		d.report(n, "after env: must be the name of an environment variable", "for example env:FACTOM_LOAD_SECRET")
	case kind == "file":
		d.report(n, "after file: must be the path of a file", "for example file:/etc/factom-load/secret")
	default:
		d.report(n, "must say where "+what+" is, never hold it", hint)
	}
	return false
}

func isVariable(s string) bool {
	return s != "" && len(s) <= 128 && (s[0] < '0' || s[0] > '9') && !strings.ContainsAny(s, ".-") && !strings.ContainsFunc(s, notInName)
}

func isPath(s string) bool {
	return s != "" && len(s) <= 4096 && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// payer fills in the key of a local network, and asks for one otherwise.
func (d *decoder) payer(root *node, s *Scenario) {
	credits := root.get("credits")
	switch {
	case credits.get("key") != nil, credits.get("keys") != nil:
	case s.Network.Endpoints == nil:
		s.Credits.Keys = []string{DefaultKey}
	default:
		at := credits
		if at == nil || at.kind != mapping {
			at = root.get("network").get("endpoints")
		}
		d.problems = append(d.problems, complain("credits.key is missing: with endpoints the scenario must say who pays",
			"credits: {key: env:NAME}, file:PATH, or local-test-key if the endpoints are a LOCAL network").at(at.at, "credits.key"))
	}
}
