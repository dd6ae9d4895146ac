package report

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// The policy of every page lets nothing in but its own script, by its hash.
func TestPageRunsItsOwnScriptAlone(t *testing.T) {
	for name, r := range samples(t) {
		_, root := pageOf(t, r)
		policy, scripts := "", []*html.Node{}
		for n := range root.Descendants() {
			switch {
			case n.Data == "meta" && attr(n, "http-equiv") == "Content-Security-Policy":
				policy = attr(n, "content")
			case n.Type == html.ElementNode && n.Data == "script":
				scripts = append(scripts, n)
			}
		}
		want := "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
		if len(scripts) == 0 && (name == "empty" || name == "zero") {
			if policy != want {
				t.Errorf("%s: the policy is %s", name, policy)
			}
			continue
		}
		if len(scripts) != 2 {
			t.Fatalf("%s has %d scripts", name, len(scripts))
		}
		data, script := scripts[0], scripts[1]
		if attr(data, "type") != "application/json" || attr(data, "src") != "" || len(script.Attr) > 0 {
			t.Errorf("%s: the scripts have the attributes %v and %v", name, data.Attr, script.Attr)
		}
		sum := sha256.Sum256([]byte(script.FirstChild.Data))
		if want += "; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; policy != want {
			t.Errorf("%s: the policy is %s, want %s", name, policy, want)
		}
		var charts []liveChart
		if err := json.Unmarshal([]byte(data.FirstChild.Data), &charts); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, c := range charts {
			if byID(root, c.ID) == nil || len(c.Panels) == 0 {
				t.Errorf("%s: chart %s has no figure, or no panels", name, c.ID)
			}
		}
	}
}

// UnmarshalJSON implements [json.Unmarshaler], as live.js reads it.
func (n *liveNumber) UnmarshalJSON(b []byte) error {
	var v Number
	err := v.UnmarshalJSON(b)
	*n = liveNumber(v)
	return err
}

// Nothing in the script needs to be escaped, or is changed by what makes a page legible.
func TestLiveScriptIsAsWritten(t *testing.T) {
	script := uplotScript + liveScript
	if legible(script) != script {
		t.Error("the script has characters that a page may not have")
	}
	for _, bad := range []string{"</script", "<script", "<!--", "fetch(", "XMLHttpRequest", "eval(", "innerHTML", "import("} {
		if strings.Contains(script, bad) {
			t.Errorf("the script has %s", bad)
		}
	}
	if !strings.Contains(uplotScript, "v1.6.32") {
		t.Error("uPlot is of another version than the page and NOTICE say")
	}
}

// What is live has the same values as what is drawn; a step's two values at one
// instant are a millisecond apart.
func TestLiveChart(t *testing.T) {
	c := chart{id: "a", x: axis{hi: 60}, bands: []band{{"</script>", 0, 60, true}}, events: []occurrence{{7, "<stall>"}}, panels: []panel{{height: 100, y: latencyAxis("latency", 1, 100), marks: []mark{
		{kind: markRibbon, class: "c-sent", at: []datum{{x: 1, y: 5, low: 2}, {x: 1, y: 123456.789, low: math.NaN()}}},
		{class: "c-sent", label: "p50", at: []datum{{x: 1, y: 2}, {x: 1, y: math.NaN()}}},
		{kind: markDots, class: "c-sent", label: "max", at: []datum{{x: 43210.0014, y: 9}}},
	}}}}
	l, err := liveOf([]chart{c})
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"id":"a","from":0,"to":60,"bands":[{"from":0,"to":60,"name":"\u003c/script\u003e"}],"events":[{"at":7,"name":"\u003cstall\u003e"}],"panels":[{"title":"latency","height":100,"ms":true,"low":1,"high":100,"tables":[` +
		`{"x":[1,1.001],"series":[{"label":"","class":"c-sent","dots":false,"y":[5,123460],"low":[2,null]},{"label":"p50","class":"c-sent","dots":false,"y":[2,null]}]},` +
		`{"x":[43210.001],"series":[{"label":"max","class":"c-sent","dots":true,"y":[9]}]}]}]}]`
	if got := string(l.Scripts); !strings.Contains(got, ">"+want+"</script>") {
		t.Errorf("got %.1500s, want %s", got, want)
	}
	if l, err := liveOf(nil); err != nil || l != (live{}) {
		t.Errorf("without charts there is %v, %v", l, err)
	}
}
