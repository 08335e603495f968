// Package ddl reads the statements of MySQL and MariaDB that change what
// tables are made of. It takes from them what the rows of the log depend on:
// names, types, character sets, defaults and keys; everything else (engines,
// partitions, checks, comments for other versions) it passes over without
// having to know it.
//
// What it does not understand is no error: a Statement says by Unsure that the
// tables that it names may have become something that the package cannot tell.
package ddl
