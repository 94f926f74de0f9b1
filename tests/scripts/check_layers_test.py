"""tools/check_layers.py finds each kind of fault, and nothing in a tree that keeps the rules."""

import sys
import tempfile
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT / "tools"))
import check_layers  # noqa: E402

GOOD = {
    "include/dnagpt/core/stream.hpp": "#pragma once\n",
    "include/dnagpt/io/hdf5_file.hpp": "#include <string>\n",
    "include/dnagpt/ops/gemm.hpp": '#include "dnagpt/core/stream.hpp"\n',
    "include/dnagpt/device/buffer.hpp": "#include <Kokkos_Core.hpp>\n",
    "src/io/hdf5_file.cpp": '#include "dnagpt/io/hdf5_file.hpp"\n#include <hdf5.h>\n',
    "src/ops/gemm_cublaslt.cpp": '#include <cublasLt.h>\n#include "dnagpt/ops/gemm.hpp"\n',
    "data_prep/main.cpp": '#include "dnagpt/io/hdf5_file.hpp"\n',
}


class CheckLayers(unittest.TestCase):
    def faults(self, files: dict[str, str] | None = None) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for path, text in {**GOOD, **(files or {})}.items():
                file = root / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return check_layers.find_faults(root)

    def one_fault(self, path: str, text: str) -> str:
        faults = self.faults(files={path: text})
        self.assertEqual(len(faults), 1, faults)
        return faults[0]

    def test_a_tree_that_keeps_the_rules(self):
        self.assertEqual(self.faults(), [])

    def test_the_project_itself(self):
        self.assertEqual(check_layers.find_faults(PROJECT), [])

    def test_uphill_include(self):
        fault = self.one_fault("src/io/json_lines.cpp", '#include "dnagpt/genome/kmer.hpp"\n')
        self.assertIn("src/io/json_lines.cpp: includes dnagpt/genome/kmer.hpp", fault)
        self.assertIn("core, config, io", fault)

    def test_uphill_include_in_angle_brackets_with_spaces(self):
        self.one_fault("include/dnagpt/core/a.hpp", "  #  include <dnagpt/io/hdf5_file.hpp>\n")

    def test_include_that_goes_round_the_rooms(self):
        fault = self.one_fault("src/io/a.cpp", '#include "../../include/dnagpt/train/a.hpp"\n')
        self.assertIn("a way around the rooms", fault)

    def test_header_of_a_room_of_the_same_height(self):
        self.assertEqual(
            self.faults(files={"src/io/a.cpp": '#include "dnagpt/core/stream.hpp"\n'}), []
        )

    def test_data_prep_stays_below_room_seven(self):
        fault = self.one_fault("data_prep/shard.cpp", '#include "dnagpt/device/buffer.hpp"\n')
        self.assertIn("'data_prep' may include only core", fault)

    def test_unknown_room(self):
        self.assertIn("is no room", self.one_fault("src/misc/a.cpp", "int a;\n"))

    def test_every_fence(self):
        for header in (
            "hdf5.h",
            "H5Dpublic.h",
            "toml++/toml.h",
            "htslib/faidx.h",
            "mpi.h",
            "nccl.h",
            "Kokkos_Core.hpp",
            "cublasLt.h",
            "dnnl.hpp",
            "cudnn.h",
            "cudnn_frontend.h",
            "cuda_runtime_api.h",
        ):
            with self.subTest(header=header):
                fault = self.one_fault("src/core/check.cpp", f"#include <{header}>\n")
                self.assertIn(f"includes {header} (only in ", fault)

    def test_kokkos_reached_through_another_header(self):
        fault = self.one_fault(
            "src/ops/attention_cudnn.cpp", '#include "dnagpt/device/buffer.hpp"\n'
        )
        self.assertIn("meets Kokkos_Core.hpp", fault)

    def test_own_header_behind_another(self):
        fault = self.one_fault(
            "src/io/hdf5_file.cpp", '#include <string>\n#include "dnagpt/io/hdf5_file.hpp"\n'
        )
        self.assertIn("must include dnagpt/io/hdf5_file.hpp before all others", fault)

    def test_own_header_left_out(self):
        self.one_fault("src/io/hdf5_file.cpp", "#include <string>\n")

    def test_names_that_say_nothing(self):
        for path in ("src/io/utils.cpp", "src/io/common/a.cpp", "tools/string_helpers.py"):
            with self.subTest(path=path):
                self.assertIn("tells no reader", self.one_fault(path, "\n"))

    def test_bits_per_base_is_a_name(self):
        self.assertEqual(self.faults(files={"src/eval/bits_per_base.cpp": "\n"}), [])

    def test_an_empty_tree_is_a_fault(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIn("no sources found", check_layers.find_faults(Path(folder))[0])


if __name__ == "__main__":
    unittest.main()
