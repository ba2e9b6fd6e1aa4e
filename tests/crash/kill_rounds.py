#!/usr/bin/env python3
"""Runs kill_test in a fresh directory, which stays for inspection when it fails."""
import os
import shutil
import subprocess
import sys
import tempfile

directory = tempfile.mkdtemp(prefix="driftdb-kill-")
result = subprocess.run([sys.argv[1], os.path.join(directory, "db")] + sys.argv[2:])
if result.returncode == 0:
    shutil.rmtree(directory)
else:
    print("kept:", directory)
sys.exit(result.returncode)
