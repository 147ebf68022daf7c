module lossproof

go 1.25.0
