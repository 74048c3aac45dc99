"""Tags as they are read, and docs/conformance.md as the tests have it now: `python3 -m unittest` from the root."""
import unittest

from tests.conformance import page
from tests.conformance.check import BOTH, Check
from tests.conformance.tags import Tag, TagError, read_tags

# Written in two, that this file itself holds no tag.
TAG = "conformance" + ":"
C = "tests/unit/table/test_x.c"
RUN = "\tcmocka_unit_test(holds_it),\n"


class Tags(unittest.TestCase):
    def test_right_ones(self):
        rows = [
            (C, f"/* {TAG} an-id | RFC 1035 §4.1 | Something holds. */\nstatic void\nholds_it(void **state)\n{RUN}",
             [Tag("an-id", ("RFC 1035 §4.1",), "Something holds.", C, "holds_it")]),
            # Two lines, two sources, two tags above one test.
            (C, f"/* {TAG} one | RFC 768, CVE-2024-1737 | What\n * holds. */\n/* {TAG} two.* | practice | More. */\n"
             f"static void\nholds_it(void **state)\n{RUN}",
             [Tag("one", ("RFC 768", "CVE-2024-1737"), "What holds.", C, "holds_it"),
              Tag("two.*", ("practice",), "More.", C, "holds_it")]),
            ("tests/property/x.c", f"/* {TAG} a | practice | Holds. */\nint\nmain(void)\n",
             [Tag("a", ("practice",), "Holds.", "tests/property/x.c", "main")]),
            ("tests/e2e/x.py", f"# {TAG} a | RFC 9018 §A | What\n# holds.\n# {TAG} b | practice | More.\nclass Held(Case):\n",
             [Tag("a", ("RFC 9018 §A",), "What holds.", "tests/e2e/x.py", "Held"),
              Tag("b", ("practice",), "More.", "tests/e2e/x.py", "Held")]),
            (C, "static void\nholds_it(void **state)\n", []),
        ]
        for path, text, expected in rows:
            with self.subTest(text):
                self.assertEqual(read_tags(text, path), expected)

    def test_wrong_ones(self):
        test = "static void\nholds_it(void **state)\n"
        rows = [
            (f"\n/* {TAG} an-id | Something holds. */\n{test}{RUN}", f'{C}:2: a tag is "{TAG} id | sources | what holds"'),
            (f"/* {TAG} an-id | | Something holds. */\n{test}{RUN}", f'{C}:1: a tag is "{TAG} id | sources | what holds"'),
            (f"/* {TAG} an id | practice | Holds. */\n{test}{RUN}", f"{C}:1: 'an id' is no id"),
            (f"/* {TAG} a | RFC 1035 4.1 | Holds. */\n{test}{RUN}", f"{C}:1: 'RFC 1035 4.1' is no source"),
            (f"/* {TAG} a | practice | Holds. */\n\nint a;\n{test}{RUN}", f"{C}:1: a tag stands above a test"),
            (f"/* {TAG} a | practice | Holds. */\n{test}", f"{C}:1: holds_it is never run"),
            (f"// {TAG} a | practice | Holds.\n{test}{RUN}", f"{C}:1: a tag stands above a test"),
        ]
        for text, message in rows:
            with self.subTest(text), self.assertRaises(TagError) as caught:
                read_tags(text, C)
            self.assertEqual(str(caught.exception), message)


class Page(unittest.TestCase):
    maxDiff = None

    def test_ids_are_one_tests(self):
        checks = {"a": Check("a", ("practice",), "Holds.", None, BOTH, "default", True, False)}
        with self.assertRaises(ValueError):
            page.collect(checks, [Tag("a", ("practice",), "Holds too.", C, "holds_it")])

    def test_order_of_sections(self):
        rows = [("§A", "x"), ("§4.10", "x"), ("§4.2", "y"), ("§4.2", "x"), ("", "x"), ("§10", "x")]
        self.assertEqual(sorted(rows, key=page.section_order),
                         [("", "x"), ("§4.2", "x"), ("§4.2", "y"), ("§4.10", "x"), ("§10", "x"), ("§A", "x")])

    def test_is_what_the_tests_say(self):
        self.assertEqual(page.differences(), [], "docs/conformance.md is old: ./dev conformance-page writes it")

    def test_nothing_required_is_missing(self):
        self.assertEqual(page.missing(), [], "tests/conformance/required.txt names what no check and no tag is called")
        self.assertGreater(len(page.read_required()), 250)


if __name__ == "__main__":
    unittest.main()
