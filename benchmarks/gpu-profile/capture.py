#!/usr/bin/env python3
"""Times the kernels of an LLM server on this machine's GPU and writes a profile that ServeSim can fit.

One file; needs Python 3.9 and PyTorch, uses flash-attn or flashinfer where they are installed.
    python3 capture.py --model llama-3.1-8b --out profile.csv          about ten minutes
    python3 capture.py --quick --out quick.csv                         about one minute
    python3 capture.py --cpu-test --out test.csv                       no GPU, no PyTorch needed: tests the format only
A capture that was stopped goes on where it ended when it is started again with the same --out.
"""
import argparse
import csv
import gc
import json
import math
import os
import platform
import random
import statistics
import subprocess
import sys
import time

try:
    import torch
except ImportError:
    torch = None
try:
    import numpy
except ImportError:
    numpy = None

SCHEMA = "profile-v1"
COLUMNS = ("schema,group,gpu,engine,kernel,mode,dtype,tp,model,op,m,n,k,q_heads,kv_heads,head_dim,batch,chunk,past,"
           "n_decode,ctx,ranks,devices_per_node,bytes,us,us_iqr,calls,status").split(",")
MEASURED = {"schema", "gpu", "engine", "kernel", "mode", "us", "us_iqr", "calls", "status"}  # the others name the point
SEED = 1                 # order of the points and all operands; the same in every capture, so that two can be compared
BLOCKS = 5
BLOCK_MS = 10.0
MOST_REPLAYS = 1000
PAGE = 256               # tokens of a KV page; a multiple of what every paged kernel accepts
MODELS = {               # hidden, query heads, kv heads, head size, ffn, vocabulary
    "llama-3.1-8b": (4096, 32, 8, 128, 14336, 128256),
    "llama-3.1-70b": (8192, 64, 8, 128, 28672, 128256),
    "qwen3-32b": (5120, 64, 8, 128, 25600, 151936),
    "qwen2.5-7b": (3584, 28, 4, 128, 18944, 152064),
    "mistral-7b": (4096, 32, 8, 128, 14336, 32000),
    "tiny": (64, 4, 2, 16, 128, 256),
}


class NoKernel(Exception):
    """No kernel that may be used for this point is installed."""


# ---- what to time ------------------------------------------------------------------------------------------------

def model_of(args):
    if args.model_config:
        with open(args.model_config, encoding="utf-8") as file:
            c = json.load(file)
        heads = c["num_attention_heads"]
        return (c["hidden_size"], heads, c.get("num_key_value_heads", heads), c.get("head_dim") or c["hidden_size"] // heads,
                c["intermediate_size"], c["vocab_size"])
    if args.model not in MODELS:
        sys.exit(f"error: --model {args.model} is not known here; known: {', '.join(MODELS)}; or give --model-config config.json")
    return MODELS[args.model]


def gemm_points(args, tiny):
    d, h, kv, hd, f, v = model_of(args)
    tp = args.tp
    named = {"qkv": ((h + 2 * max(kv, tp)) // tp * hd, d), "o": (d, h // tp * hd), "up": (2 * f // tp, d), "down": (d, f // tp), "lm_head": (-(-v // tp), d)}
    generic = [] if tiny else [(4096, 4096), (8192, 8192), (16384, 4096), (4096, 16384), (1024, 8192)]
    rows = [1, 4, 16] if tiny else [1, 16, 128, 256, 1024, 4096] if args.quick else \
        [1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 8192]
    for dtype in args.dtype:
        for op, (n, k) in list(named.items()) + [("gemm", s) for s in generic]:
            for m in rows:
                yield {"group": "gemm", "dtype": dtype, "op": op, "m": m, "n": n, "k": k}


def elementwise_points(args, tiny):
    d, h, kv, hd, f, _ = model_of(args)
    for op in ("norm", "rope", "act"):
        for m in [1, 16] if tiny else [1, 256, 4096] if args.quick else [1, 16, 64, 256, 1024, 4096]:
            point = {"group": "elementwise", "dtype": "bf16", "op": op, "m": m}
            point.update({"norm": {"n": d}, "rope": {"q_heads": h // args.tp, "kv_heads": max(1, kv // args.tp), "head_dim": hd}, "act": {"n": f // args.tp}}[op])
            yield point


def head_counts(args, tiny):
    _, h, kv, hd, _, _ = model_of(args)
    own = (h // args.tp, max(1, kv // args.tp), hd)
    return [own] if tiny or args.quick else list(dict.fromkeys([own, (8, 1, 128), (32, 8, 128)]))


def decode_points(args, tiny):
    for q, kv, hd in head_counts(args, tiny):
        for n in [1, 3] if tiny else [1, 16, 64] if args.quick else [1, 4, 16, 64, 128, 256]:
            for ctx in [8, 32] if tiny else [512, 2048, 8192] if args.quick else [128, 512, 2048, 8192, 32768]:
                yield {"group": "attn_decode", "dtype": "bf16", "op": "attn_decode", "q_heads": q, "kv_heads": kv, "head_dim": hd, "n_decode": n, "ctx": ctx}


def prefill_points(args, tiny):
    for q, kv, hd in head_counts(args, tiny):
        for chunk in [8, 16] if tiny else [256, 1024, 4096] if args.quick else [64, 256, 1024, 4096, 8192]:
            for past in [0, 8] if tiny else [0, 8192] if args.quick else [0, 1024, 8192]:
                for batch in [1] if tiny or args.quick else [1, 4]:
                    yield {"group": "attn_prefill", "dtype": "bf16", "op": "attn_prefill", "q_heads": q, "kv_heads": kv, "head_dim": hd,
                           "batch": batch, "chunk": chunk, "past": past}


def mixed_points(args, tiny):
    if tiny or args.quick:
        return
    q, kv, hd = head_counts(args, False)[0]
    for chunk in [16, 128, 512, 2048]:
        for past in [0, 4096]:
            for n in [1, 16, 64]:
                for ctx in [512, 4096]:
                    yield {"group": "attn_mixed", "dtype": "bf16", "op": "attn_mixed", "q_heads": q, "kv_heads": kv, "head_dim": hd,
                           "batch": 1, "chunk": chunk, "past": past, "n_decode": n, "ctx": ctx}


def collective_points(args, tiny):
    present = 0 if tiny or torch is None or not torch.cuda.is_available() else torch.cuda.device_count()
    for ranks in [r for r in (2, 4, 8) if r <= present]:
        for op in ["all_reduce"] + (["send_recv"] if ranks == 2 else []):
            for power in range(10, 29, 3 if args.quick else 1):
                for mode in ("graph", "eager"):
                    yield {"group": "comm", "dtype": "bf16", "op": op, "ranks": ranks, "devices_per_node": present, "bytes": 2 ** power, "want": mode}


GROUPS = {"gemm": gemm_points, "elementwise": elementwise_points, "attn_decode": decode_points, "attn_prefill": prefill_points,
          "attn_mixed": mixed_points, "comm": collective_points}


def plan_of(args, tiny):
    points = [p for group in args.groups for p in GROUPS[group](args, tiny)]
    for point in points:
        point["tp"], point["model"] = args.tp, args.model if not args.model_config else os.path.basename(os.path.dirname(os.path.abspath(args.model_config)))
    random.Random(SEED).shuffle(points)     # spreads thermal drift over all groups
    return points


def key_of(row, mode=None):
    """Names a point; collectives are timed twice, with and without a graph."""
    key = tuple(str(row.get(c, "")) for c in COLUMNS if c not in MEASURED)
    return key + ((mode or row.get("want") or row.get("mode", "")) if row["group"] == "comm" else "",)


def operand_bytes(p):
    """What one copy of the rotated operand holds, and the rest."""
    two = 2
    if p["group"] == "gemm":
        width = 1 if p["dtype"] == "fp8" else two
        return width * p["n"] * p["k"], two * p["m"] * (p["n"] + 2 * p["k"])
    if p["group"] == "elementwise":
        columns = p.get("n") or (p["q_heads"] + p["kv_heads"]) * p["head_dim"]
        return 4 * two * p["m"] * columns, 0
    if p["group"] == "comm":
        return p["bytes"], 0
    tokens = p.get("n_decode", 0) * pages(p.get("ctx", 0)) * PAGE + p.get("batch", 0) * pages(p.get("chunk", 0) + p.get("past", 0)) * PAGE
    queries = p.get("n_decode", 0) + p.get("batch", 0) * p.get("chunk", 0)
    return 2 * two * tokens * p["kv_heads"] * p["head_dim"], 2 * two * queries * p["q_heads"] * p["head_dim"]


def pages(tokens):
    return -(-tokens // PAGE)


# ---- GPU ---------------------------------------------------------------------------------------------------------

class Cuda:
    """Kernels on one CUDA (or ROCm) device, replayed from a graph, operands rotated so that L2 does not serve them."""

    def __init__(self):
        torch.manual_seed(SEED)
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = True
        self.properties = torch.cuda.get_device_properties(0)
        self.name = self.properties.name
        self.l2 = getattr(self.properties, "L2_cache_size", 0) or 64 << 20
        self.engine = f"torch-{torch.__version__}"

    def fits(self, p):
        rotated, rest = operand_bytes(p)
        free, _ = torch.cuda.mem_get_info()
        return self.copies(rotated) * rotated + rest <= 0.6 * free

    def copies(self, size):
        return min(256, max(1, math.ceil(3 * self.l2 / max(1, size))))

    def normal(self, *shape):
        return torch.randn(*shape, device="cuda", dtype=torch.bfloat16)

    def build(self, p):
        """Copies of the rotated operand, and kernels by name, each made when it is tried, so that only one holds memory."""
        r = self.copies(operand_bytes(p)[0])
        return r, getattr(self, "build_" + p["group"])(p, r)

    def build_gemm(self, p, r):
        m, n, k = p["m"], p["n"], p["k"]
        if p["dtype"] == "bf16":
            x, w = self.normal(m, k), [self.normal(n, k) / math.sqrt(k) for _ in range(r)]
            return [("linear", lambda: lambda i: torch.nn.functional.linear(x, w[i % r]))]
        if not hasattr(torch, "_scaled_mm") or torch.cuda.get_device_capability() < (8, 9):
            raise NoKernel("FP8 needs compute capability 8.9 and torch._scaled_mm")
        kind = torch.float8_e4m3fn
        x, one = self.normal(m, k), torch.ones((), device="cuda")
        w = [(self.normal(n, k) / math.sqrt(k)).to(kind).t() for _ in range(r)]

        def quantise_and_multiply(i):      # the quantisation of its input belongs to the layer
            scale = (x.abs().amax().float() / 448).clamp(min=1e-6)
            return torch._scaled_mm((x / scale).clamp(-448, 448).to(kind), w[i % r], scale_a=scale, scale_b=one, out_dtype=torch.bfloat16)

        return [("scaled_mm-compiled", lambda: torch.compile(quantise_and_multiply, dynamic=False)), ("scaled_mm-unfused", lambda: quantise_and_multiply)]

    def build_elementwise(self, p, r):
        m, op = p["m"], p["op"]
        if op == "norm":
            d = p["n"]
            sets, weight = [(self.normal(m, d), self.normal(m, d)) for _ in range(r)], self.normal(d)

            def plain(x, res):
                res = x + res
                f = res.float()
                return (f * torch.rsqrt(f.square().mean(-1, keepdim=True) + 1e-6)).to(x.dtype) * weight, res

            candidates = self.fused(lambda fi: lambda x, res: fi.fused_add_rmsnorm(x, res, weight, 1e-6))
        elif op == "act":
            sets = [(self.normal(m, 2 * p["n"]),) for _ in range(r)]

            def plain(x):
                gate, up = x.chunk(2, -1)
                return torch.nn.functional.silu(gate) * up

            candidates = self.fused(lambda fi: lambda x: fi.silu_and_mul(x))
        else:
            heads, hd = p["q_heads"] + p["kv_heads"], p["head_dim"]
            sets = [(self.normal(m, heads, hd),) for _ in range(r)]
            cos, sin = self.normal(m, 1, hd // 2), self.normal(m, 1, hd // 2)

            def plain(x):
                a, b = x.chunk(2, -1)
                return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)

            candidates = []
        if hasattr(torch, "compile"):
            compiled = torch.compile(plain, dynamic=False)
            candidates.append(("compiled", compiled))
        if not candidates:
            raise NoKernel("a fused kernel needs flashinfer or torch.compile")
        return [(name, lambda f=f: lambda i: f(*sets[i % r])) for name, f in candidates]

    @staticmethod
    def fused(make):
        try:
            import flashinfer
            return [("flashinfer", make(flashinfer))]
        except ImportError:
            return []

    def build_attn_decode(self, p, r):
        n, ctx, h, kv, hd = p["n_decode"], p["ctx"], p["q_heads"], p["kv_heads"], p["head_dim"]
        per = pages(ctx)
        q = self.normal(n, 1, h, hd)

        def flash():
            from flash_attn import flash_attn_with_kvcache
            pools = [(self.normal(n * per, PAGE, kv, hd), self.normal(n * per, PAGE, kv, hd)) for _ in range(r)]
            table = torch.randperm(n * per, device="cuda").to(torch.int32).view(n, per)     # distinct pages: shared ones come from L2
            lengths = torch.full((n,), ctx, dtype=torch.int32, device="cuda")
            return lambda i: flash_attn_with_kvcache(q, *pools[i % r], cache_seqlens=lengths, block_table=table, causal=True)

        def infer():
            import flashinfer
            page = 16
            per16 = -(-ctx // page)
            caches = [self.normal(n * per16, 2, page, kv, hd) for _ in range(r)]
            wrapper = flashinfer.BatchDecodeWithPagedKVCacheWrapper(torch.empty(128 << 20, dtype=torch.uint8, device="cuda"), "NHD")
            starts = torch.arange(n + 1, dtype=torch.int32, device="cuda") * per16
            order = torch.randperm(n * per16, device="cuda").to(torch.int32)
            last = torch.full((n,), ctx - (per16 - 1) * page, dtype=torch.int32, device="cuda")
            wrapper.plan(starts, order, last, h, kv, hd, page, q_data_type=torch.bfloat16)
            one = q.view(n, h, hd)
            return lambda i: wrapper.run(one, caches[i % r])

        return [("flash_attn-paged", flash), ("flashinfer-paged", infer)] + self.sdpa(
            q.transpose(1, 2), lambda: [(self.normal(n, kv, ctx, hd), self.normal(n, kv, ctx, hd)) for _ in range(r)], r, False, ctx, 0)

    def build_attn_prefill(self, p, r):
        b, q, c, h, kv, hd = p["batch"], p["chunk"], p["past"], p["q_heads"], p["kv_heads"], p["head_dim"]

        def flash():
            from flash_attn import flash_attn_varlen_func
            x = self.normal(b * q, h, hd)
            pools = [(self.normal(b * (c + q), kv, hd), self.normal(b * (c + q), kv, hd)) for _ in range(r)]
            starts_q, starts_k = (torch.arange(b + 1, dtype=torch.int32, device="cuda") * s for s in (q, c + q))
            return lambda i: flash_attn_varlen_func(x, *pools[i % r], starts_q, starts_k, q, c + q, causal=True)

        return [("flash_attn-varlen", flash)] + self.sdpa(
            self.normal(b, h, q, hd), lambda: [(self.normal(b, kv, c + q, hd), self.normal(b, kv, c + q, hd)) for _ in range(r)], r, True, c + q, c)

    def build_attn_mixed(self, p, r):
        try:
            from flash_attn import flash_attn_varlen_func
        except ImportError:
            raise NoKernel("mixed batches need the variable-length kernel of flash-attn") from None
        h, kv, hd = p["q_heads"], p["kv_heads"], p["head_dim"]
        new = [p["chunk"]] + [1] * p["n_decode"]
        all_ = [p["chunk"] + p["past"]] + [p["ctx"]] * p["n_decode"]
        width = max(pages(a) for a in all_)
        total = sum(pages(a) for a in all_)
        order = torch.randperm(total, device="cuda").to(torch.int32)
        table, used = torch.zeros(len(new), width, dtype=torch.int32, device="cuda"), 0
        for row, a in enumerate(all_):
            table[row, :pages(a)] = order[used:used + pages(a)]
            used += pages(a)
        pools = [(self.normal(total, PAGE, kv, hd), self.normal(total, PAGE, kv, hd)) for _ in range(r)]
        starts_q = torch.tensor([0] + new, device="cuda").cumsum(0).to(torch.int32)
        starts_k = torch.tensor([0] + all_, device="cuda").cumsum(0).to(torch.int32)
        x = self.normal(sum(new), h, hd)
        return [("flash_attn-varlen-paged", lambda: lambda i: flash_attn_varlen_func(
            x, *pools[i % r], starts_q, starts_k, max(new), max(all_), causal=True, block_table=table))]

    @staticmethod
    def sdpa(q, make_pools, r, causal, keys, past):
        """Dense attention of PyTorch, one fused back-end at a time; never the one that writes the scores to memory."""
        attend = torch.nn.functional.scaled_dot_product_attention

        def forced(backend, repeat):
            from torch.nn.attention import SDPBackend, sdpa_kernel
            mask = None
            if causal and past:
                from torch.nn.attention.bias import causal_lower_right
                mask = causal_lower_right(q.shape[2], keys)     # is_causal would align to the upper left
            pools = make_pools()
            group = q.shape[1] // pools[0][0].shape[1]

            def run(i):
                k, v = pools[i % r]
                if repeat:
                    k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
                with sdpa_kernel(getattr(SDPBackend, backend)):
                    return attend(q, k, v, attn_mask=mask, is_causal=causal and mask is None, **({} if repeat or group == 1 else {"enable_gqa": True}))
            return run

        return [(f"{name}-{word}", lambda backend=backend, repeat=repeat: forced(backend, repeat))
                for name, repeat in (("sdpa", False), ("sdpa-rep", True))
                for word, backend in (("flash", "FLASH_ATTENTION"), ("efficient", "EFFICIENT_ATTENTION"))]

    def time(self, p):
        """Tries the kernels in order; the first that runs is the one that is timed."""
        copies, candidates = self.build(p)
        reason = None
        for kernel, make in candidates:
            f = None
            try:
                f = make()
                f(0)
                torch.cuda.synchronize()
                return (kernel,) + self.timed(f, copies)
            except torch.cuda.OutOfMemoryError:
                raise
            except (ImportError, RuntimeError, TypeError, ValueError) as problem:
                reason = f"{kernel}: {(str(problem) or type(problem).__name__).splitlines()[0]}"
                del f
                self.release()
        raise NoKernel(reason or "no kernel ran")

    @staticmethod
    def timed(f, copies, allow_graph=True):
        calls = max(5, copies)
        stream = torch.cuda.Stream()
        with torch.cuda.stream(stream):
            for i in range(3):
                f(i)
        torch.cuda.synchronize()
        mode, run = "eager", lambda: [f(i) for i in range(calls)]
        if allow_graph:
            try:
                graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(graph):
                    for i in range(calls):
                        f(i)
                mode, run = "graph", graph.replay
            except RuntimeError:
                torch.cuda.synchronize()
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)

        def block(replays):
            torch.cuda.synchronize()
            start.record()
            for _ in range(replays):
                run()
            end.record()
            end.synchronize()
            return start.elapsed_time(end)

        once = block(3) / 3
        replays = int(min(MOST_REPLAYS, max(1, math.ceil(BLOCK_MS / max(1e-3, once)))))
        blocks = [1e3 * block(replays) / replays / calls for _ in range(BLOCKS)]
        return (mode,) + middle(blocks) + (calls * replays * BLOCKS,)

    @staticmethod
    def release():
        if "torch._dynamo" in sys.modules:
            torch._dynamo.reset()      # a function compiled for too many shapes would silently run uncompiled
        gc.collect()
        torch.cuda.empty_cache()


def middle(blocks):
    quarters = statistics.quantiles(blocks, n=4, method="inclusive")
    return statistics.median(blocks), quarters[2] - quarters[0]


def collective_rank(rank, ranks, port, points, results):
    """One process per device; rank 0 hands back the times."""
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.cuda.set_device(rank)
    torch.distributed.init_process_group("nccl", rank=rank, world_size=ranks)
    for number, p in points:
        data = torch.randn(p["bytes"] // 2, device="cuda", dtype=torch.bfloat16)

        def call(_):
            if p["op"] == "all_reduce":
                torch.distributed.all_reduce(data)
            elif rank == 0:
                torch.distributed.send(data, 1)
            else:
                torch.distributed.recv(data, 0)

        calls, run, mode = 20, None, "eager"
        for _ in range(3):
            call(0)
        torch.cuda.synchronize()
        if p["want"] == "graph":
            try:
                graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(graph):
                    for i in range(calls):
                        call(i)
                run, mode = graph.replay, "graph"
            except RuntimeError:
                torch.cuda.synchronize()
        worked = torch.tensor([1 if mode == p["want"] else 0], device="cuda")
        torch.distributed.all_reduce(worked, op=torch.distributed.ReduceOp.MIN)
        if worked.item() == 0:
            if rank == 0:
                results.put((number, None))
            continue
        run = run or (lambda: [call(i) for i in range(calls)])
        blocks = []
        for _ in range(BLOCKS):                                                 # the same number of calls on every rank
            torch.distributed.barrier()
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            start.record()
            for _ in range(5):
                run()
            end.record()
            end.synchronize()
            blocks.append(1e3 * start.elapsed_time(end) / (5 * calls))
        if rank == 0:
            results.put((number, ("nccl", mode) + middle(blocks) + (5 * calls * BLOCKS,)))
    torch.distributed.destroy_process_group()


def time_collectives(points):
    """Yields point and result, or None where a graph could not be captured."""
    import torch.multiprocessing as processes
    for ranks in sorted({p["ranks"] for p in points}):
        mine = [(i, p) for i, p in enumerate(points) if p["ranks"] == ranks]
        results = processes.get_context("spawn").SimpleQueue()
        processes.spawn(collective_rank, (ranks, 29500 + ranks, mine, results), nprocs=ranks)
        for _ in mine:
            number, result = results.get()
            yield points[number], result


# ---- without a GPU: the file format and the flow, never constants -------------------------------------------------

class Cpu:
    """Host timing of plain arithmetic with PyTorch, else NumPy, else Python lists."""

    def __init__(self):
        self.engine = f"torch-{torch.__version__}" if torch else f"numpy-{numpy.__version__}" if numpy else f"python-{platform.python_version()}"
        self.name = "cpu"

    def fits(self, p):
        return sum(operand_bytes(p)) < 1 << 30

    @staticmethod
    def matrix(rows, columns):
        if torch:
            return torch.randn(rows, columns)
        if numpy:
            return numpy.random.default_rng(SEED).standard_normal((rows, columns))
        source = random.Random(SEED)
        return [[source.gauss(0, 1) for _ in range(columns)] for _ in range(rows)]

    @staticmethod
    def product(a, b_transposed):
        if torch or numpy:
            return a @ b_transposed.T
        return [[sum(x * y for x, y in zip(row, column)) for column in b_transposed] for row in a]

    def time(self, p):
        if p["group"] == "gemm" and p["dtype"] != "bf16":
            raise NoKernel("FP8 needs a GPU")
        if p["group"] == "gemm":
            x, w = self.matrix(p["m"], p["k"]), self.matrix(p["n"], p["k"])
            run = lambda: self.product(x, w)
        elif p["group"] == "elementwise":
            x = self.matrix(p["m"], p.get("n") or (p["q_heads"] + p["kv_heads"]) * p["head_dim"])
            run = (lambda: x * x + x) if torch or numpy else lambda: [[v * v + v for v in row] for row in x]
        elif p["group"] in ("attn_decode", "attn_prefill"):
            queries, keys = (1, p["ctx"]) if p["group"] == "attn_decode" else (p["chunk"], p["chunk"] + p["past"])
            times = p["q_heads"] * (p.get("n_decode") or p["batch"])
            q, k, v = self.matrix(queries, p["head_dim"]), self.matrix(keys, p["head_dim"]), self.matrix(p["head_dim"], keys)
            run = lambda: [self.product(self.product(q, k), v) for _ in range(times)]
        else:
            raise NoKernel("needs a GPU")
        run()
        blocks = []
        for _ in range(BLOCKS):
            begin = time.perf_counter()
            run()
            blocks.append(1e6 * (time.perf_counter() - begin))
        return ("cpu", "eager") + middle(blocks) + (BLOCKS,)

    def release(self):
        pass


# ---- surroundings ------------------------------------------------------------------------------------------------

def smi(query):
    try:
        text = subprocess.run(["nvidia-smi", f"--query-{query}", "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=20, check=True).stdout
        return [line.strip() for line in text.splitlines() if line.strip()]
    except (OSError, subprocess.SubprocessError):
        return []


def clock():
    line = smi("gpu=clocks.sm")
    return float(line[0]) if line and line[0].replace(".", "").isdigit() else None


def loaded_clock(backend):
    """SM clock while the device multiplies matrices: the idle clock says nothing."""
    x = backend.normal(4096, 4096)
    for _ in range(200):
        x @ x
    value = clock()
    torch.cuda.synchronize()
    return value


def environment(backend, args, on_gpu):
    facts = {"schema": SCHEMA, "gpu": args.gpu or backend.name, "engine": backend.engine, "python": platform.python_version(), "system": platform.system(),
             "kernel_seed": SEED, "model": args.model, "tp": args.tp, "kernels": "measured" if on_gpu else "cpu test: not for constants"}
    if on_gpu:
        p = backend.properties
        facts.update(device=backend.name, sm_count=p.multi_processor_count, l2_bytes=backend.l2, memory_bytes=p.total_memory, capability=f"{p.major}.{p.minor}",
                     cuda=torch.version.cuda, hip=getattr(torch.version, "hip", None), driver=(smi("gpu=driver_version") or [None])[0],
                     power_limit_w=(smi("gpu=power.limit") or [None])[0], devices=torch.cuda.device_count(), clock_before_mhz=loaded_clock(backend))
        try:
            import flash_attn
            facts["flash_attn"] = flash_attn.__version__
        except ImportError:
            facts["flash_attn"] = None
    return facts


def write_json(path, facts):
    with open(path + ".partial", "w", encoding="utf-8", newline="\n") as file:
        json.dump(facts, file, indent=1)
        file.write("\n")
    os.replace(path + ".partial", path)


def finished(path):
    """Points of an earlier start, a torn last line removed."""
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8", newline="") as file:
        lines = file.read().split("\n")
    if lines[0] != ",".join(COLUMNS):
        sys.exit(f"error: {path} exists and is not a capture of this version (its header differs); give another --out")
    if lines[-1]:
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write("\n".join(lines[:-1]) + "\n")
    return {key_of(row) for row in csv.DictReader(line for line in lines[:-1]) if row["status"] in ("ok", "oom", "nokernel")}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="llama-3.1-8b", help="shapes of this model: " + ", ".join(MODELS))
    parser.add_argument("--model-config", help="shapes of another dense model: its Hugging Face config.json")
    parser.add_argument("--tp", type=int, default=1, help="devices that share every layer; what one of them does is timed")
    parser.add_argument("--dtype", nargs="+", choices=["bf16", "fp8"], default=["bf16"], help="formats of the GEMMs")
    parser.add_argument("--groups", nargs="+", choices=list(GROUPS), default=list(GROUPS))
    parser.add_argument("--gpu", help="name to write into the file, such as h100-sxm; the device's own name without it")
    parser.add_argument("--quick", action="store_true", help="a fifth of the points")
    parser.add_argument("--limit", type=int, help="stop after this many new points")
    parser.add_argument("--out", required=True, help="CSV to write, or to go on with; the surroundings go beside it as .json")
    parser.add_argument("--cpu-test", action="store_true", help="time tiny shapes on the host; tests the format, never for constants")
    args = parser.parse_args()
    if args.cpu_test and not args.model_config:
        args.model = "tiny"
    _, heads, _, _, ffn, _ = model_of(args)
    if args.tp < 1 or heads % args.tp or ffn % args.tp:
        sys.exit(f"error: --tp {args.tp} does not divide {heads} heads and {ffn} FFN columns")
    return args


def main():
    args = arguments()
    on_gpu = not args.cpu_test
    if on_gpu and (torch is None or not torch.cuda.is_available()):
        sys.exit("error: a capture needs PyTorch and a GPU that it can use; --cpu-test writes a test file without them")
    backend = Cuda() if on_gpu else Cpu()
    others = [line for line in smi("compute-apps=pid") if line != str(os.getpid())] if on_gpu else []
    if others:
        sys.exit(f"error: {len(others)} other processes use the GPU; times would not be comparable")
    done = finished(args.out)
    points = [p for p in plan_of(args, args.cpu_test) if key_of(p) not in done]
    facts_path = os.path.splitext(args.out)[0] + ".json"
    os.makedirs(os.path.dirname(os.path.abspath(args.out)), exist_ok=True)
    facts = environment(backend, args, on_gpu)
    if done and os.path.exists(facts_path):
        with open(facts_path, encoding="utf-8") as file:
            before = json.load(file)
        for what in ("gpu", "engine", "driver", "model", "tp"):
            if before.get(what) != facts.get(what):
                sys.exit(f"error: {args.out} was captured with {what} {before.get(what)}, now it is {facts.get(what)}; give another --out")
        facts["clock_before_mhz"] = before.get("clock_before_mhz", facts.get("clock_before_mhz"))
    write_json(facts_path, facts)
    if done:
        print(f"{len(done)} points are done, {len(points)} are left", file=sys.stderr)
    if args.limit is not None:
        points = points[:args.limit]
    capture(args, backend, points, facts, on_gpu, is_new=not os.path.exists(args.out))
    if on_gpu:
        facts["clock_after_mhz"] = loaded_clock(backend)
    facts["complete"] = args.limit is None
    write_json(facts_path, facts)


def capture(args, backend, points, facts, on_gpu, is_new):
    with open(args.out, "a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        if is_new:
            writer.writeheader()

        def put(p, status, result=("", "", None, None, "")):
            kernel, mode, us, iqr, calls = result
            writer.writerow({**p, "schema": SCHEMA, "gpu": facts["gpu"], "engine": backend.engine, "kernel": kernel, "mode": mode or p.get("want", ""),
                             "us": "" if us is None else f"{us:.4g}" if us < 1 else f"{us:.3f}", "us_iqr": "" if iqr is None else f"{iqr:.4f}",
                             "calls": calls, "status": status})
            file.flush()

        single = [p for p in points if p["group"] != "comm"]
        for number, p in enumerate(single, 1):
            if not backend.fits(p):
                put(p, "oom")
                continue
            try:
                put(p, "ok", backend.time(p))
            except NoKernel as reason:
                print(f"left out {p['op']}: {reason}", file=sys.stderr)
                put(p, "nokernel")
            except Exception as problem:  # noqa: BLE001 - one broken point must not end a capture
                if "out of memory" not in str(problem).lower():
                    raise
                put(p, "oom")
            backend.release()
            if number % 50 == 0 or number == len(single):
                print(f"{number} of {len(single)} points", file=sys.stderr)
                now = loaded_clock(backend) if on_gpu else None
                if now and facts.get("clock_before_mhz") and now < 0.95 * facts["clock_before_mhz"]:
                    sys.exit(f"error: the clock fell from {facts['clock_before_mhz']:.0f} to {now:.0f} MHz; cool the device or lower its limits, then start again")
        collective = [p for p in points if p["group"] == "comm"]
        if collective:
            for p, result in time_collectives(collective):
                put(p, "ok" if result else "nokernel", result or ("nccl", p["want"], None, None, ""))


if __name__ == "__main__":
    main()
