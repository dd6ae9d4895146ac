package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/internal/testnet"
	"github.com/FactomProject/factom-load/scenarios"
)

func newFundCommand(e *env) *cobra.Command {
	var (
		o             run.FundOptions
		endpoint, dir string
		asJSON, quiet bool
	)
	c := &cobra.Command{
		Use:   "fund --key KEY --credits N",
		Short: "Buy entry credits for a key",
		Long: `Fund buys entry credits for a key and waits until they can be spent. On a
LOCAL network the public test key pays, unless --from names a factoid key;
elsewhere --from must, or --key must be a factoid key itself.

Keys are never on the command line, where everybody on the machine can see them:
they are in a variable (env:NAME) or a file that nobody else can read
(file:PATH).`,
		Example: `  factom-load fund --key env:LOAD_KEY --credits 5000
  factom-load fund --key EC3Eh7yQKShgjkUSFrPbnQpboykCzf4kw9QHxi47GGz5P2k3dbab --credits 1000 --endpoint http://127.0.0.1:8088/v2
  factom-load fund --key env:LOAD_KEY --from file:factoids.key --credits 5000 --endpoint https://testnet.example.org/v2`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkSources(o); err != nil {
				return usage(err)
			}
			if endpoint == "" {
				s, err := testnet.Look(c.Context(), dir)
				if err != nil || !s.Running {
					return usage(fmt.Errorf("--endpoint is missing, and no testnet runs in %s", dir))
				}
				endpoint = s.Endpoint
			}
			s := &scenarios.Scenario{}
			if err := s.UseEndpoints([]string{endpoint}); err != nil {
				return err
			}
			auth, ca := o.Endpoint.Auth, o.Endpoint.CA
			o.Endpoint = s.Network.Endpoints[0]
			o.Endpoint.Auth, o.Endpoint.CA = auth, ca

			screen := newScreen(e.stderr, quiet)
			defer screen.close()
			o.Say = screen.say
			ctx, _, release := signals(c.Context(), screen.say)
			defer release()
			f, err := run.Fund(ctx, o)
			if err != nil {
				return err
			}
			screen.close()
			if asJSON {
				return e.printJSON(f)
			}
			if !quiet {
				fmt.Fprintf(e.stdout, "%s has %d entry credits\n", f.Address, f.Balance)
			}
			return nil
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.Key, "key", "", "whom the credits are for: env:NAME, file:PATH, local-test-key, or a public EC address")
	fl.Int64Var(&o.Credits, "credits", 0, "entry credits to buy (`N`)")
	fl.StringVar(&o.From, "from", "", "the factoid key that pays: env:NAME, file:PATH or local-test-key (default local-test-key, or --key if it is one)")
	fl.StringVar(&endpoint, "endpoint", "", "the node's API (`URL`; default the testnet in --dir)")
	fl.StringVar(&dir, "dir", "testnet", "the directory of a testnet that runs (`DIR`)")
	fl.StringVar(&o.Expect, "expect", "", "refuse any other network than this: LOCAL, TEST, a custom network's name or id")
	fl.StringVar(&o.Endpoint.Auth, "auth", "", "where user:password of the API is: env:NAME or file:PATH")
	fl.StringVar(&o.Endpoint.CA, "ca", "", "the certificate authorities to trust (`FILE`, PEM)")
	fl.BoolVar(&asJSON, "json", false, "print what was bought as JSON")
	fl.BoolVar(&quiet, "quiet", false, "no messages, no summary")
	return c
}

// maxFunded is the most entry credits that are bought at once: more than any budget.
const maxFunded = 1_000_000_000_000

// checkSources refuses what is missing, and secrets that are on the command line.
// What looks like one is never repeated.
func checkSources(o run.FundOptions) error {
	switch {
	case o.Key == "":
		return errors.New("--key is missing\n    hint: --key env:NAME, file:PATH, or a public EC address")
	case o.Credits < 1 || o.Credits > maxFunded:
		return fmt.Errorf("--credits %d: must be 1 to %d", o.Credits, int64(maxFunded))
	}
	for flag, text := range map[string]string{"--key": o.Key, "--from": o.From} {
		if _, err := factomd.ParseKey(text); err == nil {
			return fmt.Errorf("%s: a secret key on the command line can be seen by everybody on this machine, and was by now\n"+
				"    hint: use another key, and put it into a variable (env:NAME) or a file of mode 0600 (file:PATH)", flag)
		}
		if kind, _, _ := strings.Cut(text, ":"); text == "" || text == scenarios.LocalTestKey || kind == "env" || kind == "file" {
			continue
		}
		if _, err := factomd.ParseECAddress(text); err != nil || flag == "--from" {
			return fmt.Errorf("%s must say where the key is: env:NAME, file:PATH or local-test-key, or for --key a public EC address", flag)
		}
	}
	return nil
}
