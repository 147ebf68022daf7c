package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"lossproof/internal/divergence"
	"lossproof/internal/suggest"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/ports/wire"
)

func (p *program) portCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "port [flags]",
		Short: "The built-in Go losses as a port: wire protocol 1 on stdin and stdout",
		Long: `port answers one JSON object a line on stdout for each on stdin, until {"cmd":"bye"} or the
end of stdin.

With --divergence it is a wrong implementation of the catalogue of divergences, to see what the suite
says of it.`,
		Example: `  echo '{"cmd":"hello","protocol":1}' | lossproof port
  lossproof show --request BCEWithLogitsLoss/blog_example/f32-mean | lossproof port
  lossproof run -- lossproof port --divergence pos-weight-on-whole-loss`,
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var port ports.Port = builtin.Port{}
			if cmd.Flags().Changed("divergence") {
				d, ok := divergence.ByName(name)
				if !ok {
					return fmt.Errorf("--divergence: there is no %q%s (lossproof explain divergences lists them)", name, suggest.Hint(name, divergenceNames()))
				}
				port = d.Port()
			}
			return wire.Serve(cmd.Context(), port, p.stdin, p.stdout)
		},
	}
	cmd.Flags().StringVar(&name, "divergence", "", "compute as the divergence of this `name` does: wrongly")
	return cmd
}

// divergenceNames lists the catalogue.
func divergenceNames() []string {
	var names []string
	for _, d := range divergence.All() {
		names = append(names, d.Name)
	}
	return names
}
