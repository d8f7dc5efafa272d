"""A service that a function of the tree registers: the sentences name the service, not the server that it is registered with."""

from pathlib import Path

from mapguard import pipeline
from mapguard.base.options import Options
from scanning import tree

PB = """package pb

import (
	"context"

	"google.golang.org/grpc"
)

type Request struct{ Key string }

type CountServer interface {
	Add(context.Context, *Request) (*Request, error)
}

func RegisterCountServer(s grpc.ServiceRegistrar, srv CountServer) { s.RegisterService(nil, srv) }
"""
MAIN = """package main

import (
	"context"

	"example.com/m/pb"
	"google.golang.org/grpc"
)

type service struct{ hits map[string]int }

func (s *service) Add(ctx context.Context, r *pb.Request) (*pb.Request, error) {
	s.hits[r.Key]++
	return r, nil
}

func main() {
	server := grpc.NewServer()
	counts := &service{hits: map[string]int{}}
	pb.RegisterCountServer(server, counts)
	server.Serve(nil)
}
"""


def test_the_map_comes_from_the_service(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"go.mod": "module example.com/m\n\ngo 1.22\n", "pb/pb.go": PB, "main.go": MAIN}
    report = pipeline.run(Options(paths=(tree(tmp_path, files),), cache=False, debug=True))
    (found,) = report.findings
    assert "shared: both sides reach counts.hits in main" in found.reasons
    assert found.sharing is not None
    assert {s.text.partition(":")[0] for way in found.sharing.reached for s in way} == {"registers a gRPC method that has counts"}
