from tests.faults import loads


def test_a_model_that_is_loaded_and_unloaded_again_and_again_leaves_nothing_behind():
    """A context of this size takes 2 MiB, and the model 5: were one of 80 of them left, it would show."""
    left = loads.again_and_again(100)
    assert left.grown_mib < 4
    assert left.grown_files <= 0
    assert left.grown_threads <= 0
