package main

import (
	"github.com/spf13/cobra"

	"lossproof/ports/builtin"
	"lossproof/ports/wire"
)

func (p *program) portCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "port",
		Short: "The built-in Go losses as a port: wire protocol 1 on stdin and stdout",
		Long: `port answers one JSON object a line on stdout for each on stdin, until {"cmd":"bye"} or the
end of stdin. Try:

  echo '{"cmd":"hello","protocol":1}' | lossproof port
  lossproof show --request BCEWithLogitsLoss/blog_example/f32-mean | lossproof port`,
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return wire.Serve(cmd.Context(), builtin.Port{}, p.stdin, p.stdout)
		},
	}
}
