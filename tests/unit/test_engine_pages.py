import subprocess
import sys

import pytest

PR_GET_THP_DISABLE = 42  # linux/prctl.h


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels have no such pages")
def test_memory_has_huge_pages_while_a_model_is_loaded_and_small_ones_else():
    """In a process of its own: it is the process that has them or not."""
    code = f"""
import ctypes
from ai_server.llm.engine.pages import huge_pages, small_pages

def left_out():
    return ctypes.CDLL(None).prctl({PR_GET_THP_DISABLE}, 0, 0, 0, 0)

small_pages()
print(left_out())
with huge_pages():
    print(left_out())
print(left_out())
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["1", "0", "1"]
