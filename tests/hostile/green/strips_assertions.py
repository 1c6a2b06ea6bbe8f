"""Has pytest's assertion rewriting take the assertions out of the tests that are not loaded yet."""

# acceptable: tests-forged, tests-failed


def attack():
    import ast

    from _pytest.assertion import rewrite

    class Strip(ast.NodeTransformer):
        def visit_Assert(self, node):
            return ast.copy_location(ast.Pass(), node)

        def visit_With(self, node):
            return ast.copy_location(ast.Pass(), node)

        def visit_Raise(self, node):
            return ast.copy_location(ast.Pass(), node)

    rewrite.rewrite_asserts = lambda tree, *rest: Strip().visit(tree)
