package report

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// browserTab starts a headless browser, or skips the test where there is none.
// In CI it must be there.
func browserTab(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("no Chromium in PATH")
		}
		t.Skip("no Chromium in PATH")
	}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-quic", true))...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	if err := chromedp.Do(tab); err != nil {
		t.Fatal(err)
	}
	return tab
}

// look sets the size of the screen and the colour scheme.
func look(width int64, scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Steps(
		chromedp.EmulateViewport(width, 900),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}))
}

// pageFaults returns, one a line, what is wrong with the page as it is shown:
// it scrolls sideways, a chart is hidden in both of its forms, has an empty
// path, or has text outside its drawing.
const pageFaults = `(() => {
	const faults = [], root = document.documentElement;
	const live = document.querySelector(".live-bar button[aria-pressed=true]");
	if (live) live.click();
	if (root.scrollWidth > innerWidth) faults.push("the page is " + root.scrollWidth + " px wide");
	const shown = [...document.querySelectorAll("svg.chart")].filter(s => s.getClientRects().length);
	if (shown.length !== document.querySelectorAll("svg.chart.wide").length) faults.push(shown.length + " charts are shown");
	for (const svg of shown) {
		const box = svg.getBoundingClientRect();
		const name = svg.querySelector("title").textContent;
		if (!svg.querySelector("path, rect")) faults.push(name + " has no marks");
		for (const p of svg.querySelectorAll("path")) {
			if (!p.getAttribute("d") || /NaN|Inf/.test(p.getAttribute("d"))) faults.push(name + " has a path " + p.getAttribute("d"));
		}
		for (const t of svg.querySelectorAll("text")) {
			const b = t.getBoundingClientRect();
			if (b.left < box.left - 2 || b.right > box.right + 2 || b.bottom > box.bottom + 2)
				faults.push(name + ": the text " + t.textContent + " leaves the drawing");
		}
	}
	return faults.join("\n");
})()`

// liveFaults returns, one a line, what is wrong with the charts that scripts draw:
// one is missing or empty, its drawing is still there, or the page scrolls sideways.
const liveFaults = `(() => {
	const faults = [], root = document.documentElement, data = document.getElementById("chart-data");
	const panels = data ? JSON.parse(data.textContent).flatMap(c => c.panels).length : 0;
	const canvases = [...document.querySelectorAll(".live canvas")].filter(c => c.getClientRects().length);
	if (canvases.length !== panels) faults.push(canvases.length + " live charts of " + panels);
	for (const c of canvases) {
		const colours = new Set(new Uint32Array(c.getContext("2d").getImageData(0, 0, c.width, c.height).data.buffer));
		if (colours.size < 4) faults.push("a live chart has " + colours.size + " colours");
	}
	for (const s of document.querySelectorAll(".has-live > svg.chart")) if (s.getClientRects().length) faults.push("a chart is there twice");
	if (root.scrollWidth > innerWidth) faults.push("the page is " + root.scrollWidth + " px wide");
	if (!!document.querySelector(".live-bar button") !== panels > 0) faults.push("a button is missing, or without a use");
	return faults.join("\n");
})()`

func TestPageInBrowser(t *testing.T) {
	pages := map[string][]byte{}
	for name, r := range map[string]*Report{
		"short": shortRun(t), "closed": closedRun(t), "search": searchRun(t), "troubled": troubledRun(t), "empty": emptyRun(t), "long": longRun(t, 900), "hostile": hostileRun(t),
	} {
		var page bytes.Buffer
		if err := WriteHTML(&page, r); err != nil {
			t.Fatal(err)
		}
		pages["/"+name] = page.Bytes()
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(pages[req.URL.Path])
	}))
	t.Cleanup(server.Close)

	tab := browserTab(t)
	ctx, cancel := context.WithTimeout(tab, 2*time.Minute)
	defer cancel()
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var requests, messages []string
	sent, console := chromedp.Events(ctx, network.RequestWillBeSent), chromedp.Console(ctx)
	var readers sync.WaitGroup
	readers.Go(func() {
		for e, err := range sent {
			if err != nil {
				return
			}
			mu.Lock()
			requests = append(requests, e.Request.URL)
			mu.Unlock()
		}
	})
	readers.Go(func() {
		for m, err := range console {
			if err != nil {
				return
			}
			mu.Lock()
			messages = append(messages, m.String())
			mu.Unlock()
		}
	})

	visits := 0
	for path := range pages {
		for _, width := range []int64{400, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				if err := chromedp.Do(ctx, look(width, scheme), chromedp.Navigate(server.URL+path)); err != nil {
					t.Fatal(err)
				}
				visits++
				live, err := chromedp.Run(ctx, chromedp.Evaluate[string](liveFaults))
				if err != nil {
					t.Fatal(err)
				}
				if live != "" {
					t.Errorf("%s at %d px, %s, live:\n%s", path, width, scheme, live)
				}
				faults, err := chromedp.Run(ctx, chromedp.Evaluate[string](pageFaults))
				if err != nil {
					t.Fatal(err)
				}
				if faults != "" {
					t.Errorf("%s at %d px, %s:\n%s", path, width, scheme, faults)
				}
				background, err := chromedp.Run(ctx, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`))
				if err != nil {
					t.Fatal(err)
				}
				if want := map[string]string{"light": "rgb(246, 247, 249)", "dark": "rgb(16, 21, 28)"}[scheme]; background != want {
					t.Errorf("%s in %s has the background %s, want %s", path, scheme, background, want)
				}
			}
		}
	}
	evaluate := func(script string) string {
		t.Helper()
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if err := chromedp.Do(ctx, look(1280, "light"), chromedp.Navigate(server.URL+"/troubled")); err != nil {
		t.Fatal(err)
	}
	visits++
	liveKeys(t, evaluate)
	// On paper, and without scripts, there are the drawings alone.
	shown := `[".live", ".live-bar", ".has-live > svg.chart"].map(s => [...document.querySelectorAll(s)].filter(e => e.getClientRects().length).length).join(" ")`
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
		t.Fatal(err)
	}
	if got := evaluate(shown); got != "0 0 4" {
		t.Errorf("on paper there are %s live charts, bars and drawings of them", got)
	}
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, look(1280, "light"), chromedp.Navigate(server.URL+"/short")); err != nil {
		t.Fatal(err)
	}
	visits++
	if faults := evaluate(pageFaults); faults != "" {
		t.Errorf("without scripts:\n%s", faults)
	}
	cancel()
	readers.Wait()
	for _, url := range requests {
		if !strings.HasPrefix(url, server.URL+"/") && !strings.HasPrefix(url, "data:,") {
			t.Errorf("the page asked for %s", url)
		}
	}
	pageRequests := 0
	for _, url := range requests {
		if strings.HasPrefix(url, server.URL) {
			pageRequests++
		}
	}
	if pageRequests != visits {
		t.Errorf("%d requests for %d pages: %s", pageRequests, visits, fmt.Sprint(requests))
	}
	for _, m := range messages {
		t.Errorf("the console says: %s", m)
	}
}

// liveKeys goes through the live charts of a page by keyboard.
func liveKeys(t *testing.T, evaluate func(string) string) {
	t.Helper()
	key := func(name string) string {
		return `document.querySelector(".uplot").dispatchEvent(new KeyboardEvent("keydown", {key: "` + name + `", bubbles: true, cancelable: true})), ""`
	}
	legends := `[...document.querySelectorAll(".u-legend")].map(l => l.textContent.replace(/\s+/g, " ")).join("\n")`
	evaluate(`document.querySelector(".uplot").focus(), ""`)
	if got := evaluate(`document.activeElement.getAttribute("aria-label")`); !strings.HasPrefix(got, "entries per second. Arrow keys") {
		t.Errorf("the focus is on %q", got)
	}
	for range 45 {
		evaluate(key("ArrowRight"))
	}
	if got := evaluate(`document.querySelector(".live-bar [role=status]").textContent`); !strings.Contains(got, "sent") || !strings.Contains(got, "steady") {
		t.Errorf("the cursor says %q", got)
	}
	for _, legend := range strings.Split(evaluate(legends), "\n") {
		if strings.Contains(legend, "at—") || !strings.Contains(legend, ", steady") && !strings.Contains(legend, ", ramp") {
			t.Errorf("a cursor did not follow: %s", legend)
		}
	}
	// All charts over time zoom together, and back.
	picture := `[...document.querySelectorAll(".live canvas")].map(c => c.toDataURL().length).join(" ")`
	whole := evaluate(picture)
	evaluate(key("+"))
	zoomed := evaluate(picture)
	a, b := strings.Fields(whole), strings.Fields(zoomed)
	for i := range a {
		if a[i] == b[i] {
			t.Errorf("chart %d did not zoom", i)
		}
	}
	evaluate(key("0"))
	if got := evaluate(picture); got != whole {
		t.Errorf("the charts do not come back from zooming: %s, %s", whole, got)
	}
	if got := evaluate(`(() => {
		const button = document.querySelector(".live-bar button"), states = [];
		for (let i = 0; i < 3; i++) {
			states.push(button.getAttribute("aria-pressed") + document.querySelectorAll(".live-on .live canvas").length);
			button.click();
		}
		return states.join(" ");
	})()`); got != "true"+fmt.Sprint(len(a))+" false0 true"+fmt.Sprint(len(a)) {
		t.Errorf("the button goes through %s", got)
	}
}
