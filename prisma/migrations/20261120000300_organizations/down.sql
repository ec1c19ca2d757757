drop table teams;
drop table member_roles;
drop table members;
drop trigger create_system_roles on organizations;
drop function app.create_system_roles;
drop table roles;
drop table organizations;
