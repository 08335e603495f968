package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// dsnOf turns a URL of Java's driver into one of pgx.
func dsnOf(text string) (string, error) {
	rest, isJDBC := strings.CutPrefix(text, "jdbc:")
	if !isJDBC {
		if scheme, _, ok := strings.Cut(text, "://"); ok && scheme != "postgres" && scheme != "postgresql" {
			return "", fmt.Errorf("a URL of %s:// is not one of PostgreSQL, which has the form postgres://host:5432/database", scheme)
		}
		return text, nil
	}
	kind, rest, _ := strings.Cut(rest, ":")
	if kind != "postgresql" {
		return "", fmt.Errorf("a URL of jdbc:%s: is not one of PostgreSQL, which has the form jdbc:postgresql://host:5432/database", kind)
	}
	if !strings.HasPrefix(rest, "//") {
		rest = "//localhost/" + strings.TrimPrefix(rest, "/")
	}
	u, err := url.Parse("postgres:" + rest)
	if err != nil {
		return "", errors.New("the PostgreSQL URL cannot be read: it has the form jdbc:postgresql://host:5432/database?user=shop")
	}
	out := url.Values{}
	for name, values := range u.Query() {
		value := values[len(values)-1]
		switch name {
		case "user", "password", "sslmode", "target_session_attrs":
			out.Set(name, value)
		case "ApplicationName":
			out.Set("application_name", value)
		case "currentSchema":
			out.Set("search_path", value)
		case "connectTimeout", "loginTimeout":
			out.Set("connect_timeout", value)
		case "sslrootcert", "sslcert", "sslkey":
			out.Set(name, value)
		case "ssl":
			if value == "true" && u.Query().Get("sslmode") == "" {
				out.Set("sslmode", "verify-full")
			}
		case "targetServerType":
			if value == "primary" || value == "master" {
				out.Set("target_session_attrs", "read-write")
			}
		case "stringtype", "reWriteBatchedInserts", "prepareThreshold", "preparedStatementCacheQueries", "preparedStatementCacheSizeMiB",
			"defaultRowFetchSize", "tcpKeepAlive", "binaryTransfer", "assumeMinServerVersion", "loggerLevel", "autosave", "socketTimeout":
			// How that driver sends what it sends.
		default:
			return "", fmt.Errorf("the PostgreSQL URL has the parameter %s, which is not known", name)
		}
	}
	u.RawQuery = out.Encode()
	return u.String(), nil
}
