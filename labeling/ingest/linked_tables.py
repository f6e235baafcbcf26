"""Read tables of HDF5 and Parquet, whose files can refer to others: such references are refused.

Both readers are optional packages. Nothing in them unpickles, and sizes are checked before reading.
"""

from __future__ import annotations

import math
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import MaskedColumn, Table, meta

from labeling.files.limits import MAX_TABLE, check_hdf5
from labeling.ingest.binary_tables import chosen_table
from labeling.ingest.errors import BadInput
from labeling.ingest.table_data import Choice, TableData, check_shape, from_astropy

_MAX_CELL = 1000


def optional_module(path: Path, name: str, kind: str) -> Any:
    """Import a reader that is installed on request. Raises BadInput that says how."""
    try:
        return import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        raise BadInput(
            f"{path}: {kind} needs the package {package}: pip install 'asterism[tables]', or save "
            "the table as FITS or ECSV."
        ) from None


def read_hdf5(path: Path, choice: str | None) -> TableData:
    """Read a dataset of records, or a group of columns of one length, from an HDF5 file."""
    h5py = optional_module(path, "h5py", "HDF5")
    check_hdf5(path)
    with h5py.File(path, "r") as file:
        tables = _hdf5_tables(h5py, file)
        if not tables:
            raise BadInput(f"{path}: not a readable table: no dataset in it is a table.")
        names = list(tables)
        name = names[chosen_table(path, names, choice)]
        columns = tables[name]
        size = sum(math.prod(d.shape) * d.dtype.itemsize for d in columns.values())
        check_shape(path, sum(len(d.dtype.names or "1") for d in columns.values()))
        check_shape(path, 0, max((len(d) for d in columns.values()), default=0))
        if size > MAX_TABLE:
            raise BadInput(f"{path}: unpacks to more than {MAX_TABLE // 2**20} MiB; split it.")
        return _hdf5_data(h5py, path, file, name, columns)


def _hdf5_tables(h5py: Any, file: Any) -> dict[str, dict[str, Any]]:
    """Return the datasets of each table: one of records, or the columns in a group."""
    records: dict[str, dict[str, Any]] = {}
    groups: dict[str, dict[str, Any]] = {}

    def visit(name: str, item: Any) -> None:
        if not isinstance(item, h5py.Dataset) or item.ndim != 1:
            return
        group, _, column = name.rpartition("/")
        if item.dtype.names:
            records[name] = {"": item}
        elif not column.endswith(".__table_column_meta__"):
            groups.setdefault(group or "/", {})[column] = item

    file.visititems(visit)
    same_length = {
        name: columns
        for name, columns in groups.items()
        if len({len(column) for column in columns.values()}) == 1
        and not any(name + "/" in record or name == record for record in records)
    }
    return records or {name: columns for name, columns in same_length.items() if len(columns) > 1}


def _hdf5_data(h5py: Any, path: Path, file: Any, name: str, columns: dict[str, Any]) -> TableData:
    header_name = f"{name}.__table_column_meta__"
    if list(columns) == [""]:
        table = Table(columns[""][:])
    else:
        table = Table({key: _hdf5_cells(h5py, dataset) for key, dataset in columns.items()})
    for column_name in table.colnames:
        if table[column_name].dtype.kind == "S":
            table.convert_bytestring_to_unicode()
            break
    if header_name in file:
        _apply_header(table, [line.decode() for line in file[header_name][:]])
    return from_astropy(path, table)


def _hdf5_cells(h5py: Any, dataset: Any) -> Any:
    if h5py.check_string_dtype(dataset.dtype):
        return np.asarray(dataset.asstr()[:], dtype=str)
    return dataset[:]


def _apply_header(table: Table, lines: list[str]) -> None:
    """Set units and masks that astropy has written beside the columns."""
    header = meta.get_header_from_yaml(lines)
    for column in header.get("datatype", []):
        if column["name"] in table.colnames and column.get("unit"):
            table[column["name"]].unit = str(column["unit"])
    serialized = header.get("meta", {}).get("__serialized_columns__", {})
    for name, parts in serialized.items():
        if not str(parts.get("__class__", "")).endswith("MaskedColumn"):
            continue
        data, mask = parts.get("data", {}).get("name"), parts.get("mask", {}).get("name")
        if data in table.colnames and mask in table.colnames:
            column = MaskedColumn(table[data], mask=np.asarray(table[mask], bool), name=name)
            table.remove_columns([data, mask])
            table[name] = column


def read_parquet(path: Path, choose: Choice) -> TableData:
    """Read the chosen columns of a Parquet file; all, if it describes them as astropy does."""
    parquet = optional_module(path, "pyarrow.parquet", "Parquet")
    arrow = import_module("pyarrow")
    # Its own pool keeps what was freed.
    arrow.set_memory_pool(arrow.system_memory_pool())
    try:
        with parquet.ParquetFile(path) as file:
            _check_parquet(path, file.metadata)
            n_rows = file.metadata.num_rows
            schema = file.schema_arrow
        header = (schema.metadata or {}).get(b"table_meta_yaml")
        chosen = set(schema.names) if header else choose(list(schema.names), has_header=True)
        texts = [f.name for f in schema if _is_text(arrow, f.type)]
        with parquet.ParquetFile(path, read_dictionary=texts) as file:
            columns = {
                field.name: _arrow_cells(arrow, path, field.name, file.read([field.name]).column(0))
                for field in schema
                if field.name in chosen
                and (_is_text(arrow, field.type) or _is_number(arrow, field.type))
            }
    except arrow.ArrowException as error:
        reason = (str(error).strip().splitlines() or ["damaged"])[0]
        raise BadInput(f"{path}: not a readable table ({reason}).") from None
    table = Table(columns, copy=False)
    if header:
        _apply_header(table, header.decode().split("\n"))
    data = from_astropy(path, table)
    # Columns of other types keep their names; to read one of them is an error.
    data.names += [name for name in schema.names if name not in columns]
    data.n_rows = n_rows
    if header:
        choose(data.names, has_header=True)
    else:
        data.names = list(schema.names)
    return data


def _is_text(arrow: Any, kind: Any) -> bool:
    if arrow.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(arrow.types.is_string(kind) or arrow.types.is_large_string(kind))


def _is_number(arrow: Any, kind: Any) -> bool:
    types = arrow.types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind))


def _check_parquet(path: Path, metadata: Any) -> None:
    """Raise BadInput for columns in other files, and for sizes beyond the limits."""
    check_shape(path, metadata.num_columns, metadata.num_rows)
    size = 0
    for group in range(metadata.num_row_groups):
        for k in range(metadata.num_columns):
            column = metadata.row_group(group).column(k)
            if column.file_path:
                raise BadInput(
                    f"{path}: column {column.path_in_schema!r} is not in this file but in "
                    f"{column.file_path!r}; save the table in one file."
                )
            size += column.total_uncompressed_size
    size = max(size, 8 * metadata.num_rows * metadata.num_columns)
    if size > MAX_TABLE:
        raise BadInput(f"{path}: unpacks to more than {MAX_TABLE // 2**20} MiB; split it.")


def _arrow_cells(arrow: Any, path: Path, name: str, column: Any) -> Any:
    """Return the cells of a column, masked where there is no value."""
    mask = column.is_null().to_numpy(zero_copy_only=False).astype(bool)
    if arrow.types.is_dictionary(column.type):
        # Widths are checked in the dictionary: each row may repeat one long text.
        words = column.unify_dictionaries().combine_chunks()
        words = words.chunk(0) if hasattr(words, "chunk") else words
        texts = [str(text or "") for text in words.dictionary.to_pylist()] or [""]
        if max(map(len, texts)) > _MAX_CELL:
            raise BadInput(f"{path}: a cell in column {name!r} has over {_MAX_CELL} characters.")
        places = words.indices.fill_null(0).to_numpy(zero_copy_only=False)
        cells = np.array([text.encode() for text in texts], dtype=np.bytes_)[places]
    elif arrow.types.is_floating(column.type):
        cells = column.fill_null(math.nan).to_numpy(zero_copy_only=False)
    else:
        cells = column.fill_null(False if arrow.types.is_boolean(column.type) else 0)
        cells = cells.to_numpy(zero_copy_only=False)
    return MaskedColumn(cells, mask=mask) if mask.any() else cells
