// What reviewdog reads in a report, given as standard input: one diagnostic a line. The argument names the format.
package main

import (
	"fmt"
	"os"

	"github.com/reviewdog/reviewdog/parser"
	"google.golang.org/protobuf/encoding/protojson"
)

func main() {
	p, err := parser.New(&parser.Option{FormatName: os.Args[1]})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	found, err := p.Parse(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, diagnostic := range found {
		diagnostic.OriginalOutput = ""
		line, err := protojson.Marshal(diagnostic)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(string(line))
	}
}
