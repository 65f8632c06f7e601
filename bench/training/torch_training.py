# SPDX-License-Identifier: MIT
"""The peer of bench_training.c: the same autoencoder, data and budget in PyTorch, one thread.

Usage: torch_training.py DATA ROWS FEATURES EPOCHS BATCH RATE NOISE OUTPUT
DATA holds ROWS x FEATURES float32; OUTPUT is "linear" or "sigmoid". Prints key=value lines.
"""
import resource
import sys
import time

import numpy
import torch

path, rows, features, epochs, batch = sys.argv[1], *map(int, sys.argv[2:6])
rate, noise, output = float(sys.argv[6]), float(sys.argv[7]), sys.argv[8]
torch.set_num_threads(1)
torch.manual_seed(1)
values = numpy.fromfile(path, dtype=numpy.float32).reshape(rows, features)
data = torch.from_numpy(values)

sizes = [features, 16, 8, 4, 8, 16, features]
layers = []
for i in range(len(sizes) - 1):
    linear = torch.nn.Linear(sizes[i], sizes[i + 1])
    torch.nn.init.xavier_uniform_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    layers.append(linear)
    if i < len(sizes) - 2:
        layers.append(torch.nn.Tanh())
if output == "sigmoid":
    layers.append(torch.nn.Sigmoid())
network = torch.nn.Sequential(*layers)
optimiser = torch.optim.Adam(network.parameters(), lr=rate)

start = time.process_time()
for epoch in range(epochs):
    squares = 0.0
    order = torch.randperm(rows)
    for first in range(0, rows, batch):
        clean = data[order[first:first + batch]]
        optimiser.zero_grad()
        loss = torch.nn.functional.mse_loss(
            network(clean + noise * torch.randn_like(clean)), clean)
        loss.backward()
        optimiser.step()
        squares += loss.item() * len(clean)
print(f"train_s={time.process_time() - start:.6f}")
print(f"noisy_loss={squares / rows:.6f}")

with torch.no_grad():
    start = time.process_time()
    scores = torch.cat([((network(part) - part) ** 2).mean(dim=1)
                        for part in data.split(1024)])
    print(f"score_s={time.process_time() - start:.6f}")
print(f"clean_loss={scores.mean().item():.6f}")
print(f"peak_kib={resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}")
