package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"lossproof/internal/version"
	"lossproof/ports/wire"
)

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "The versions of the tool, the fixtures, the reference and the protocol",
		Args:  p.noArgs,
		RunE:  func(*cobra.Command, []string) error { return p.version() },
	}
}

func (p *program) version() error {
	set, err := p.open()
	if err != nil {
		return err
	}
	torch := set.Manifest.Torch
	fmt.Fprintf(p.stdout, "lossproof  %s\n", version.Tool)
	fmt.Fprintf(p.stdout, "fixtures   %s (%d cases, %d rules, generator %.12s)\n", set.Version(), len(set.Cases), len(set.Rules), set.Manifest.Generator.SHA256)
	fmt.Fprintf(p.stdout, "reference  PyTorch %s, CPU (%s)\n", torch.Version, torch.CPUCapability)
	fmt.Fprintf(p.stdout, "protocol   %d\n", wire.Version)
	fmt.Fprintf(p.stdout, "go         %s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
