package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/internal/testnet"
	"github.com/FactomProject/factom-load/scenarios"
)

func newTestnetCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "testnet",
		Short: "Keep a local network running",
		Long: `Testnet keeps a LOCAL network of one real factomd running on this machine, for
runs against its endpoint, until it is told to end. It talks to no other node
and listens on loopback alone.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	var dir string
	c.PersistentFlags().StringVar(&dir, "dir", "testnet", "the network's directory (`DIR`)")
	c.AddCommand(newTestnetUp(e, &dir), newTestnetStatus(e, &dir), newTestnetDown(e, &dir))
	return c
}

func newTestnetUp(e *env, dir *string) *cobra.Command {
	var (
		o     testnet.UpOptions
		quiet bool
	)
	c := &cobra.Command{
		Use:   "up",
		Short: "Start the network, unless it runs, and print what it is as JSON",
		Long: `Up starts the network, unless it runs already, waits until it is usable, and
prints what it is as JSON: "endpoint" is the URL for --endpoint of a run.

What the directory's network was before, it is again: its address if that is
free, its block time, its database. With --db ldb (the default) its blocks are on
disk, and are there again the next time; with --db map they are in memory, and
each up begins a new chain.`,
		Example: `  factom-load testnet up
  factom-load run steady --endpoint "$(factom-load testnet status | jq -r .endpoint)"
  factom-load testnet down`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			screen := newScreen(e.stderr, quiet)
			defer screen.close()
			ctx, _, release := signals(c.Context(), screen.say)
			defer release()
			o.Dir = *dir
			o.Progress = func(what string) { screen.say("%s", what) }
			self, err := os.Executable()
			if err != nil {
				return fmt.Errorf("finding this program, which is also the node: %w", err)
			}
			o.Command = []string{self, nodeCommand}
			if err := defaultTestnet(c.Context(), &o); err != nil {
				return err
			}
			s, started, err := testnet.Up(ctx, o)
			if err != nil {
				return err
			}
			if !started {
				screen.say("it runs already: nothing was changed")
			}
			screen.close()
			return e.printJSON(s)
		},
	}
	fl := c.Flags()
	fl.StringVar(&o.DB, "db", "", "where the blocks are kept: ldb (on disk) or map (in memory) (default ldb, or as before)")
	fl.DurationVar(&o.BlockTime, "block-time", 0, fmt.Sprintf("length of a directory block, whole seconds (default %s, or as before)", scenarios.DefaultBlockTime))
	fl.StringVar(&o.Addr, "listen", "", "address of the API (`HOST:PORT`; default as before, or a free port of 127.0.0.1)")
	fl.StringVar(&o.FeedAddr, "feed", "", "send the live feed to this address (`HOST:PORT`), for observe.live_feed of a scenario")
	fl.BoolVar(&quiet, "quiet", false, "no messages")
	return c
}

// defaultTestnet fills in what neither the flags say nor the directory's network of
// before.
func defaultTestnet(ctx context.Context, o *testnet.UpOptions) error {
	if o.DB != "" {
		if err := testnet.CheckDB(o.DB); err != nil {
			return usage(err)
		}
	}
	if o.BlockTime != 0 {
		if err := testnet.CheckBlockTime(o.BlockTime); err != nil {
			return usage(err)
		}
	}
	_, err := testnet.Look(ctx, o.Dir)
	if !errors.Is(err, testnet.ErrNone) {
		return nil // it is as before, or Up says what is wrong
	}
	if o.DB == "" {
		o.DB = testnet.DBLDB
	}
	if o.BlockTime == 0 {
		o.BlockTime = scenarios.DefaultBlockTime
	}
	return nil
}

func newTestnetStatus(e *env, dir *string) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Print what the network is and whether it runs, as JSON",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := testnet.Look(c.Context(), *dir)
			if err != nil {
				return noTestnet(err)
			}
			return e.printJSON(s)
		},
	}
}

func newTestnetDown(e *env, dir *string) *cobra.Command {
	var purge bool
	c := &cobra.Command{
		Use:   "down",
		Short: "End the network",
		Long: `Down ends the network and waits until it is gone. What is in no saved block is
lost then; blocks on disk are there again after the next up, unless --purge
removes them with the rest of the directory.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
			defer cancel()
			stopped, err := testnet.Down(ctx, *dir, purge)
			if err != nil {
				return noTestnet(err)
			}
			if !stopped {
				fmt.Fprintln(e.stderr, "it did not run")
			}
			return nil
		},
	}
	c.Flags().BoolVar(&purge, "purge", false, "remove its blocks, its log and its directory")
	return c
}

func noTestnet(err error) error {
	if errors.Is(err, testnet.ErrNone) {
		return fmt.Errorf("%w\n    hint: factom-load testnet up starts one, --dir names another directory", err)
	}
	return err
}

// printJSON prints what the user asked for.
func (e *env) printJSON(v any) error {
	enc := json.NewEncoder(e.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
