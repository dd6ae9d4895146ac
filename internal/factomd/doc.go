// Package factomd speaks the /v2 language of factomd, the node of the Factom
// network: keys, entries, commits and reveals in their binary form, the
// JSON-RPC calls, and the live feed that a node pushes.
//
// Two paths are kept apart. [Client.Submit] is the hot path: one commit or one
// reveal, timed, with the buffers of the caller. Everything else is a query.
//
// The package uses the types of the client library
// github.com/FactomProject/factom, never its calls: those share one global
// configuration, take no context and keep two connections.
//
// A node is not trusted. Replies have a bounded size and a bounded time, what
// they say is compared with what was asked, and every string that comes from a
// node has passed [Printable] before anyone sees it.
package factomd
