// Package postgresurl reads the URLs of PostgreSQL databases, in the form of Java's drivers and
// in that of Go's, for the JDBC source and the JDBC sink.
package postgresurl

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long a connection may take that names no connectTimeout.
const patience = 30 * time.Second

// Parse reads jdbc:postgresql://host:5432/database?…, postgres://… and the
// host=… user=… of libpq. The user and the password are those of the URL, where
// it has them. Connections are in UTC. Errors show neither the user nor the
// password.
func Parse(text, user, password string) (*pgx.ConnConfig, error) {
	form := "it has the form jdbc:postgresql://host:5432/database or postgres://host:5432/database"
	if rest, isJDBC := strings.CutPrefix(text, "jdbc:"); isJDBC {
		if !strings.HasPrefix(rest, "postgresql:") {
			kind, _, _ := strings.Cut(rest, ":")
			return nil, fmt.Errorf("a URL of jdbc:%s: is not one of PostgreSQL: %s", kind, form)
		}
		var err error
		if text, err = fromJava(rest); err != nil {
			return nil, err
		}
	}
	if scheme, _, ok := strings.Cut(text, "://"); ok && scheme != "postgres" && scheme != "postgresql" && !strings.ContainsAny(scheme, "= ") {
		return nil, fmt.Errorf("a URL of %s:// is not one of PostgreSQL: %s", scheme, form)
	}
	c, err := pgx.ParseConfig(text)
	if err != nil {
		return nil, errors.New("the PostgreSQL URL cannot be read, or names files that cannot be: " + form)
	}
	if user != "" && !hasUser(text) {
		c.User = user
	}
	if password != "" && c.Password == "" {
		c.Password = password
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = patience
	}
	c.RuntimeParams["timezone"] = "UTC"
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "tailrace"
	}
	return c, nil
}

// hasUser says whether the text names a user, so that the one of the machine's
// account, which is the default, does not take the place of Source.User.
func hasUser(text string) bool {
	if u, err := url.Parse(text); err == nil && u.Scheme != "" {
		return u.User.Username() != "" || u.Query().Has("user")
	}
	return strings.Contains(text, "user=")
}

// fromJava writes a URL of Java's driver as one of libpq.
func fromJava(text string) (string, error) {
	if after, ok := strings.CutPrefix(text, "postgresql:"); ok && !strings.HasPrefix(after, "//") {
		text = "postgresql://localhost/" + strings.TrimPrefix(after, "/")
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", errors.New("the PostgreSQL URL cannot be read: it has the form jdbc:postgresql://host:5432/database, " +
			"and what is no letter or digit in a name or password is written as %XX")
	}
	params, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", errors.New("the PostgreSQL URL has parameters that cannot be read")
	}
	out := url.Values{}
	if params.Get("ssl") == "true" || params.Has("ssl") && params.Get("ssl") == "" {
		out.Set("sslmode", "verify-full")
	}
	for name, values := range params {
		value := values[len(values)-1]
		switch to, ok := libpq[name]; {
		case ok:
			out.Set(to, value)
		case name == "targetServerType":
			to, ok := serverTypes[value]
			if !ok {
				return "", fmt.Errorf("the PostgreSQL URL has targetServerType=%s: choose any, primary, secondary, preferPrimary or preferSecondary", value)
			}
			out.Set("target_session_attrs", to)
		case !slices.Contains(ofJava, name):
			return "", fmt.Errorf("the PostgreSQL URL of %s has the parameter %s, which is not known", u.Host, name)
		}
	}
	u.RawQuery = out.Encode()
	return u.String(), nil
}

// libpq has the names there of parameters of Java's driver.
var libpq = map[string]string{
	"user": "user", "password": "password", "sslmode": "sslmode", "sslrootcert": "sslrootcert", "sslcert": "sslcert", "sslkey": "sslkey",
	"sslpassword": "sslpassword", "ApplicationName": "application_name", "connectTimeout": "connect_timeout", "loginTimeout": "connect_timeout",
	"currentSchema": "search_path", "options": "options", "channelBinding": "channel_binding",
}

var serverTypes = map[string]string{
	"any": "any", "primary": "primary", "master": "primary", "secondary": "standby", "slave": "standby",
	"preferPrimary": "any", "preferSecondary": "prefer-standby", "preferSlave": "prefer-standby",
}

// ofJava are parameters about how Java's driver works.
var ofJava = []string{
	"ssl", "adaptiveFetch", "allowEncodingChanges", "assumeMinServerVersion", "autosave", "binaryTransfer", "binaryTransferDisable", "binaryTransferEnable",
	"cancelSignalTimeout", "cleanupSavepoints", "databaseMetadataCacheFields", "databaseMetadataCacheFieldsMiB", "defaultRowFetchSize", "disableColumnSanitiser",
	"escapeSyntaxCallMode", "gssEncMode", "hideUnprivilegedObjects", "hostRecheckSeconds", "loadBalanceHosts", "logServerErrorDetail", "logUnclosedConnections",
	"loggerFile", "loggerLevel", "preferQueryMode", "preparedStatementCacheQueries", "preparedStatementCacheSizeMiB", "prepareThreshold", "protocolVersion",
	"quoteReturningIdentifiers", "readOnly", "readOnlyMode", "receiveBufferSize", "reWriteBatchedInserts", "sendBufferSize", "socketTimeout", "sslfactory",
	"stringtype", "tcpKeepAlive", "tcpNoDelay", "unknownLength",
}
