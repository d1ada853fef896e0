"""The compiled core is the only thing that pyproject.toml cannot say."""

from Cython.Build import cythonize
from setuptools import Extension, setup

setup(
    ext_modules=cythonize(
        [Extension("pcapdiag.engine.core", ["pcapdiag/engine/core.pyx"], extra_compile_args=["-O3"])],
        compiler_directives={"language_level": 3},
    )
)
