"""neap map: a picture whose squares are those of the heap."""
import re
import unittest
import xml.etree.ElementTree as xml

from inspected import Known, NeapTest, heap_of, inspect


class Map(NeapTest):
    def squares(self, name):
        """Squares by class, the legend's left out."""
        root = xml.parse(self.path(name)).getroot()
        return {path.get("class"): path.get("d").count("M") for path in root.iter("{http://www.w3.org/2000/svg}path")}

    def test_squares_are_pages_of_a_small_heap(self):
        with Known("mass_deletion") as known:
            out = self.expect(0, "", "map", known.pid, "-o", "heap.svg")
            self.assertEqual(out, "heap.svg\n")
            heap = heap_of(inspect(known.pid), "glibc")
            squares = self.squares("heap.svg")
            self.assertEqual(squares["sparse"], heap["sparse_pages"])
            self.assertEqual(squares["empty"], heap["empty_page_bytes"] // 4096)
            self.assertEqual(squares.get("returned", 0), heap["returned_bytes"] // 4096)
            with open(self.path("heap.svg")) as file:
                self.assertIn("A square is 4.0 KiB of addresses.", file.read())

    def test_before_and_after(self):
        with Known("plain") as known:
            self.expect(0, "", "map", known.pid, "--after", "0.1s", "-o", "heap.html")
            with open(self.path("heap.html")) as file:
                page = file.read()
            self.assertEqual(re.findall(r">(before|0.1s later): [\d.]+ MiB resident", page), ["before", "0.1s later"])

    def test_bad_usage(self):
        self.expect(2, "neap: -o takes a file that ends in .svg or .html, not 'x.png'", "map", "1", "-o", "x.png")
        self.expect(2, "neap: name one process, program or unit: neap map redis-server", "map")
        with Known("plain") as known:
            self.expect(125, "neap: cannot write '/none/x.svg'", "map", known.pid, "-o", "/none/x.svg")


if __name__ == "__main__":
    unittest.main()
