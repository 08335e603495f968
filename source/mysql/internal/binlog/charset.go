package binlog

type charset struct{ utf8 bool }

func lookUpCharset(name string) (*charset, error) { return &charset{utf8: true}, nil }
