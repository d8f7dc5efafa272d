"""Threads that are hard: many accesses, many starts, much that orders them."""

from complexity.written import each, file, main


def accesses_and_threads(n: int) -> str:
    return file("", main(each(n, "go func() { m[`#`]++ }()\n")))


def threads_with_many_accesses(n: int) -> str:
    used = each(n, "m[`#`]++\n")
    return file("", f"func use() {{\n{used}}}\n", main("go use()\n" * n))


def reads_and_one_write(n: int) -> str:
    return file("", main(each(n, "go func() { _ = m[`#`] }()\n"), "m[`a`]++\n"))


def maps(n: int) -> str:
    """Maps that two goroutines use."""
    return file("", each(n, "var m# = map[string]int{}\n"), "func use() {\n" + each(n, "m#[`a`]++\n") + "}\n", main("go use()\nuse()\n"))


def maps_of_one_struct(n: int) -> str:
    type_ = "type T struct {\nmu sync.Mutex\n" + each(n, "m# map[string]int\n") + "}\n"
    methods = each(n, "func (t *T) A#() { t.mu.Lock(); t.m#[`a`]++; t.mu.Unlock() }\nfunc (t *T) B#() { t.m#[`b`]++ }\n")
    return file("sync", type_, methods, main())


def handlers(n: int) -> str:
    """Handlers that each use all maps."""
    declared = each(n, "var m# = map[string]int{}\n")
    used = each(n, "m#[r.URL.Path]++\n")
    handled = each(n, f"func h#(w http.ResponseWriter, r *http.Request) {{\n{used}}}\n")
    return file("net/http", declared, handled, main(each(n, 'http.HandleFunc("/#", h#)\n'), "http.ListenAndServe(``, nil)\n"))


def waited_for(n: int) -> str:
    return file("sync", "var w sync.WaitGroup\n", main(each(n, "w.Add(1)\ngo func() { m[`#`]++; w.Done() }()\nw.Wait()\nm[`a`]++\n")))


def wait_groups(n: int) -> str:
    started = each(n, "w#.Add(1)\ngo func() { m[`#`]++; w#.Done() }()\n")
    return file("sync", each(n, "var w# sync.WaitGroup\n"), main(started, each(n, "w#.Wait()\nm[`#`]++\n")))


def signals_in_a_ring(n: int) -> str:
    """Each goroutine waits for the one before it."""
    return file("", each(n, "var c# = make(chan int)\n"), main(each(n, "go func() { <-c#; m[`#`]++; close(c%) }()\n"), "close(c0)\n"))


def requests_and_replies(n: int) -> str:
    turns = each(n, "c <- 1\nm[`#`]++\n<-d\n")
    return file("", "var c, d = make(chan int), make(chan int)\n", main("go func() { for { <-c; m[`a`]++; d <- 1 } }()\n", turns))


def maps_through_channels(n: int) -> str:
    """Channels that pass what they get on to the next."""
    made = each(n, "var c# = make(chan map[string]int)\n")
    return file("", made, main(each(n, "go func() { for x := range c# { x[`a`]++; c% <- x } }()\n"), "c0 <- m\nm[`b`]++\n"))


def once_each(n: int) -> str:
    return file("sync", each(n, "var o# sync.Once\nfunc f#() { o#.Do(func() { m[`#`]++; f%() }) }\n"), main("go f0()\nf0()\n"))


def threads_in_loops_in_loops(n: int) -> str:
    return file("", main("for range m {\ngo func() {\n" * n, "m[`a`]++\n", "}()\n}\n" * n))


def groups_of_errors(n: int) -> str:
    tasks = each(n, "g.Go(func() error { m[`#`]++; return nil })\n")
    return file("golang.org/x/sync/errgroup", main("var g errgroup.Group\n", tasks, "g.Wait()\n", tasks, "m[`a`]++\n"))


def timers(n: int) -> str:
    return file("time", main(each(n, "time.AfterFunc(1, func() { m[`#`]++ })\n"), "m[`a`]++\n"))


def contexts_that_end(n: int) -> str:
    started = each(n, "ctx, stop# := context.WithCancel(ctx)\ngo func() { <-ctx.Done(); m[`#`]++ }()\n")
    return file("context", main("ctx := context.Background()\n", started, each(n, "stop#()\nm[`a`]++\n")))


def many_locks_one_map(n: int) -> str:
    """n goroutines, each with a lock of its own."""
    return file("sync", each(n, "var mu# sync.Mutex\nfunc f#() { mu#.Lock(); m[`#`]++; mu#.Unlock() }\n"), main(each(n, "go f#()\n")))


def guarded_but_once(n: int) -> str:
    """A lock that is held n times and missed once."""
    guarded = each(n, "func f#() { mu.Lock(); m[`#`]++; mu.Unlock() }\n")
    return file("sync", "var mu sync.Mutex\n", guarded, main(each(n, "go f#()\n"), "m[`a`]++\n"))


def flags(n: int) -> str:
    claimed = each(n, "func f#() { if b#.CompareAndSwap(false, true) { m[`a`]++; b#.Store(false) } }\n")
    return file("sync/atomic", each(n, "var b# atomic.Bool\n"), claimed, main(each(n, "go f#()\ngo f#()\n")))


def sync_maps(n: int) -> str:
    used = each(n, "func f#() { if _, ok := s#.Load(`a`); !ok { s#.Store(`a`, 1) } }\n")
    return file("sync", each(n, "var s# sync.Map\n"), used, main(each(n, "go f#()\ngo f#()\n")))
