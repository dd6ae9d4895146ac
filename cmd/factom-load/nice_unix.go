//go:build unix

package main

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup starts a process in a group of its own, which the terminal's Ctrl-C does
// not reach.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// beNice gives this process, with all its threads, the lowest priority. It must have a
// group of its own: on Linux a process by itself is one of its threads.
func beNice() error { return unix.Setpriority(unix.PRIO_PGRP, 0, 19) }
