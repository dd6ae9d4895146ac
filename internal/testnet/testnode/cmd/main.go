// Command cmd is a node of package testnet and nothing else.
package main

import (
	"os"

	"github.com/FactomProject/factom-load/internal/testnet/node"
)

func main() { os.Exit(node.Main(os.Args[1:])) }
